using System.Text;
using Mdm.Data;
using Mdm.Output;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>Scores texts.</summary>
internal sealed class ScoreCommand : ModelCommand<ScoreSettings>
{
    public ScoreCommand()
        : base(
            "score", "Say how likely texts are: the negative log-likelihood (a bound for masked diffusion models) with its standard error.",
            "mdm score --model lm.zip \"To be, or not to be\" \"Be to not or, be to\"",
            "mdm score --model lm.zip --context \"To be, or\" \"not to be\"",
            "mdm score --model lm.zip --file lines.txt --json > scores.jsonl")
    {
        AddArgument("texts", "Texts", "The texts. Without any: lines of --file, or plain lines of the standard input.");
        AddModel();
        AddOption("--file", "File",
            "A file with a text a line, or with JSON lines that have \"text\" and maybe \"context\" (.jsonl).", "file");
        AddOption("--context", "Context", "What stands before each text and is not scored.");
        AddOption("--samples", "Likelihood.Samples", "Masks drawn for each text. Default: 128.");
        AddOption("--method", "Likelihood.Method", "The likelihood method, such as ExactCount or ChainRule. Default: ExactCount.", "name");
        AddOption("--seed", "Likelihood.Seed", "The seed of all draws. Default: 0.");
        AddDeviceAndWeights();
        AddCommonOptions();
    }

    /// <inheritdoc/>
    protected override int Run(ScoreSettings settings, ToolContext context)
    {
        List<ScoredText> texts = InputLines.Read(
            settings.Texts?.Select(text => new ScoredText(text, settings.Context)).ToList(), settings.File,
            line => new ScoredText(line, settings.Context),
            row => new ScoredText(InputLines.Text(row, "text"), InputLines.TextOrNull(row, "context") ?? settings.Context), context);
        using MaskedDiffusionModel model = ModelPlace.Open(settings, context);
        var scorer = new LikelihoodScorer(model, settings.Likelihood, settings.Separator, settings.ContextOverflow, settings.Stride);
        return TextParts.Run(texts, context, parts => context.Results.Rows(
            parts.SelectMany(part => part.Zip(scorer.Score(part, context.Cancellation), Row))));
    }

    private static Field[] Row(ScoredText text, TextLikelihood score)
    {
        int bytes = Encoding.UTF8.GetByteCount(text.Text);
        double? perByte = bytes == 0 ? null : score.NegativeLogLikelihood / Math.Log(2) / bytes;
        return
        [
            new Field("negative log likelihood", score.NegativeLogLikelihood, "nats", "0.000"),
            new Field("standard error", score.StandardError, "nats", "0.000"),
            new Field("tokens", score.TokenCount),
            new Field("bits per byte", perByte, "", "0.000"),
            new Field("text", text.Text),
        ];
    }
}
