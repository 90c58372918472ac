using Mdm.Data;
using Mdm.Output;
using Mdm.Settings;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>Fills gaps in texts.</summary>
internal sealed class InfillCommand : ModelCommand<InfillSettings>
{
    private const int MostShown = 80;

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
        if (settings.Gaps.Samples > 1 && settings.Candidates is not null)
            throw new UsageException(
                $"--count (Gaps.Samples) is {settings.Gaps.Samples}; it must be 1 where a --candidate is chosen, which draws nothing.");
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
                    Write(text.Text, result, error, settings.Gaps, context);
                    unfilled += error is null ? 0 : 1;
                }
            }
        });
        return status == ExitCode.Done && unfilled > 0 ? ExitCode.Failed : status;
    }

    private static string Beginning(string text)
    {
        int end = Math.Min(text.Length, MostShown);
        return end == text.Length ? text : text[..(char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)] + "...";
    }

    private static void Write(string text, FilledText filled, string? error, GapOptions gaps, ToolContext context)
    {
        if (!context.Results.IsJson)
        {
            if (error is not null)
                context.Say($"'{Beginning(text)}' is left as it is. {error}");
            foreach (FilledSample sample in filled.Samples)
                context.Console.Out.WriteLine(sample.Text);
            return;
        }
        for (int i = 0; i < filled.Samples.Count; i++)
        {
            FilledSample sample = filled.Samples[i];
            // Under length tokens each draw has lengths of its own, of which those of the first are known.
            bool isKnown = i == 0 || gaps.LengthMethod != GapLengthMethod.LengthTokens;
            context.Results.WriteObject(
            [
                new Field("text", text), new Field("filled", sample.Text), new Field("log probability", sample.LogProbability),
                new Field("gap lengths", isKnown ? filled.GapLengths : null), new Field("error", error),
            ]);
        }
    }
}
