using System.Text.Json.Nodes;
using ConsoleView;
using Mdm.Data;
using Mdm.Output;
using Mdm.Settings;
using Microsoft.ML.MaskedDiffusion;
using Spectre.Console;

namespace Mdm.Commands;

/// <summary>Writes texts after prompts.</summary>
internal sealed class GenerateCommand : ModelCommand<GenerateSettings>
{
    public GenerateCommand()
        : base(
            "generate", "Write a text after each prompt.",
            "mdm generate --model lm.zip \"ROMEO:\" --length 48",
            "mdm generate --model lm.zip \"ROMEO:\" --preset LLaDA --length 32 --steps 16 --watch",
            "mdm generate --model lm.zip --file prompts.txt --temperature 0.8 --stop \"\\n\\n\" --count 3 --json")
    {
        AddArgument("prompts", "Prompts", "The prompts. Without any: lines of --file, or plain lines of the standard input.");
        AddModel();
        AddOption("--file", "File", "A file with a prompt a line, or with JSON lines that have \"prompt\" (.jsonl).", "file");
        AddOption("--preset", "Preset",
            $"A published sampler: {string.Join(", ", Enum.GetNames<SamplerPreset>())}. Default: tokens in random order, temperature 1.");
        AddOption("--length", "Generation.MaxNewTokens",
            "Most tokens of a text. Default: 128; half of the model's context if that is less and the sampler does not write in blocks.");
        AddOption("--steps", "Generation.Sampling.Steps", "Network passes for a text. Default: one for each token, or the preset's.");
        AddOption("--temperature", "Generation.Sampling.Temperature", "0 takes the most probable token. Default: 1, or the preset's.");
        AddOption("--stop", "Generation.StopStrings", "End a text before this; repeat it for several. \\n is a line end.",
            read: text => JsonValue.Create(text.Replace("\\n", "\n", StringComparison.Ordinal)));
        AddOption("--count", "Count", "Texts after each prompt; several need draws, as at a --temperature above 0. Default: 1.");
        AddOption("--seed", "Generation.Sampling.Seed", "The seed of all draws. Default: 0.");
        AddOption("--watch", "Watch", "Show the texts while they are written.");
        AddDeviceAndWeights();
        AddCommonOptions();
    }

    /// <inheritdoc/>
    protected override GenerateSettings Defaults(GenerateSettings given)
    {
        var settings = new GenerateSettings();
        if (given.Preset is { } preset)
            settings.Generation.Sampling = preset.Options();
        return settings;
    }

    /// <inheritdoc/>
    protected override int Run(GenerateSettings settings, ToolContext context)
    {
        List<string> prompts = InputLines.Read(
            settings.Prompts, settings.File, line => line, row => InputLines.Text(row, "prompt"), context);
        if (settings.Count < 1)
            throw new UsageException($"--count (Count) is {settings.Count}; it must be at least 1.");
        if (settings.Watch && (context.Results.IsJson || settings.Count > 1))
            throw new UsageException("--watch shows one text after each prompt: leave out --json and --count.");
        using MaskedDiffusionModel model = ModelPlace.Open(settings, context);
        var generator = new TextGenerator(model, settings.Generation);
        bool areAllWritten = true;
        foreach ((int number, string prompt) in prompts.Index().TakeWhile(_ => !context.Cancellation.IsCancellationRequested))
        {
            IReadOnlyList<GeneratedText> texts = settings.Watch
                ? [Watch(generator, prompt, context)] : generator.GenerateSamples(prompt, settings.Count, context.Cancellation);
            if (texts.Any(text => text.FinishReason == FinishReason.InvalidPrompt))
            {
                areAllWritten = false;
                context.Say($"Nothing is written after prompt {number + 1}: its {texts[0].PromptTokenCount} tokens and "
                    + $"{generator.MaxNewTokens} new ones do not fit the model's context of {model.Config.ContextLength}. Shorten it, "
                    + "lower --length, or write in blocks (--set Generation.Sampling.BlockLength=32).");
            }
            foreach (GeneratedText text in texts.Where(_ => !settings.Watch))
                Write(prompt, text, context);
        }
        if (context.Cancellation.IsCancellationRequested)
        {
            context.Say("Interrupted; the last texts are as far as they were written.");
            return ExitCode.Interrupted;
        }
        return areAllWritten ? ExitCode.Done : ExitCode.Failed;
    }

    private static GeneratedText Watch(TextGenerator generator, string prompt, ToolContext context)
    {
        IAnsiConsole console = context.Console.Terminal ?? AnsiConsole.Create(
            new AnsiConsoleSettings { Out = new AnsiConsoleOutput(context.Console.Out), Ansi = AnsiSupport.No });
        IAsyncEnumerable<GenerationState> states = generator.StreamAsync(prompt, context.Cancellation);
        return new ConsoleGenerationView(console).ShowAsync(states, prompt, context.Cancellation).GetAwaiter().GetResult();
    }

    private static void Write(string prompt, GeneratedText text, ToolContext context)
    {
        if (!context.Results.IsJson)
        {
            context.Console.Out.WriteLine(prompt + text.Text);
            return;
        }
        context.Results.WriteObject(
        [
            new Field("prompt", prompt), new Field("text", text.Text), new Field("finish reason", text.FinishReason.ToString()),
            new Field("log probability", text.LogProbability), new Field("tokens", text.Tokens.Count), new Field("steps", text.StepCount),
            new Field("network rows", text.NetworkRowCount),
        ]);
    }
}
