using Mdm.Data;
using Mdm.Output;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>Fills gaps in texts.</summary>
internal sealed class InfillCommand : ModelCommand<InfillSettings>
{
    public InfillCommand()
        : base(
            "infill", "Fill the gaps of texts: [MASK] is one token, [MASK*3] three, [MASK*2-8] two to eight, [MASK*] one to eight.",
            "mdm infill --model lm.zip \"To be, or [MASK] to be\"",
            "mdm infill --model lm.zip \"The [MASK*1-3] is dead.\" --candidate king --candidate queen --json",
            "mdm infill --model lm.zip --file gapped.txt --count 3 --temperature 1 --seed 7")
    {
        AddArgument("texts", "Texts", "The texts with gaps. Without any: lines of --file, or plain lines of the standard input.");
        AddModel();
        AddOption("--file", "File", "A file with a text with gaps a line, or with JSON lines that have \"text\" (.jsonl).", "file");
        AddOption("--candidate", "Candidates", "A text that a gap may be filled with; repeat it for each. Default: anything.");
        AddOption("--count", "Gaps.Samples", "Fillings of each text; several need draws, as at a --temperature above 0. Default: 1.");
        AddOption("--temperature", "Sampling.Temperature", "0 takes the most probable token, 1 draws from the model. Default: 0.");
        AddOption("--steps", "Sampling.Steps", "Network passes for each text. Default: one for each token.");
        AddOption("--seed", "Sampling.Seed", "The seed of all draws. Default: 0.");
        AddDeviceAndWeights();
        AddCommonOptions();
    }

    /// <inheritdoc/>
    protected override int Run(InfillSettings settings, ToolContext context)
    {
        List<GappedText> texts = InputLines.Read(
            settings.Texts?.Select(text => new GappedText(text, settings.Candidates)).ToList(), settings.File,
            line => new GappedText(line, settings.Candidates),
            row => new GappedText(InputLines.Text(row, "text"), settings.Candidates), context);
        using MaskedDiffusionModel model = ModelPlace.Open(settings, context);
        var infiller = new Infiller(model, settings.Sampling, settings.Gaps);
        int unfilled = 0;
        int status = TextParts.Run(texts, context, parts =>
        {
            foreach (GappedText[] part in parts)
            {
                foreach ((GappedText text, FilledText result) in part.Zip(infiller.Fill(part, context.Cancellation)))
                {
                    // Of one text alone an error does not say the number, which is counted within those that are filled together.
                    string? error = result.Error is null ? null : InOwnWords(infiller.Fill(text, context.Cancellation).Error!);
                    Write(text.Text, result, error, settings.Gaps.Samples, context);
                    unfilled += error is null ? 0 : 1;
                }
            }
        });
        return status == ExitCode.Done && unfilled > 0 ? ExitCode.Failed : status;
    }

    private static void Write(string text, FilledText filled, string? error, int draws, ToolContext context)
    {
        FilledSample[] samples = draws > 1 ? [.. filled.Samples] : [new FilledSample(filled.Text, filled.LogProbability)];
        if (!context.Results.IsJson)
        {
            if (error is not null)
                context.Say($"'{text}' is left as it is. {error}");
            foreach (FilledSample sample in samples)
                context.Console.Out.WriteLine(sample.Text);
            return;
        }
        foreach (FilledSample sample in samples)
        {
            context.Results.WriteObject(
            [
                new Field("text", text), new Field("filled", sample.Text), new Field("log probability", sample.LogProbability),
                new Field("gap lengths", filled.GapLengths), new Field("error", error),
            ]);
        }
    }
}
