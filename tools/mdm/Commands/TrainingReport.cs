using System.Globalization;
using Mdm.Inspection;
using Mdm.Output;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>What is said after a training.</summary>
internal static class TrainingReport
{
    /// <summary>Says what was trained and saved.</summary>
    /// <param name="trained">What was trained.</param>
    /// <param name="path">Where its model was saved.</param>
    /// <param name="context">Writes it.</param>
    /// <param name="adapterPath">Where its adapter was saved by itself; null where it was not.</param>
    /// <returns>The exit code.</returns>
    public static int Write(LikelihoodScoringTransformer trained, string path, ToolContext context, string? adapterPath = null)
    {
        TrainingResult result = trained.TrainingResult!;
        TransformerConfig config = trained.Model.Config;
        string unit = config.Autoregressive ? "nats per token" : "nats per token (bound)";
        context.Results.Facts(
        [
            new Field("model", path),
            new Field("parameters", config.ParameterCount),
            new Field("parameters outside embeddings", config.NonEmbeddingParameterCount),
            new Field("vocabulary", config.VocabularySize, "tokens"),
            new Field("context", config.ContextLength, "tokens"),
            .. OfAdapter(trained.Model.Adapter, adapterPath),
            new Field("steps", result.Steps),
            new Field("tokens seen", result.TokensSeen),
            new Field("passes over the data", result.Epochs, Format: "0.##"),
            new Field("training time", result.Seconds, "s", "0.0"),
            new Field("validation loss", result.ValidationLoss, unit, "0.000"),
            new Field("validation standard error", result.ValidationStandardError, "nats per token", "0.000"),
            new Field("step of the model", result.BestStep),
            new Field("seed", result.Seed, Format: "0"),
            new Field("device", result.Device),
            new Field("ended by", result.Stop.ToString()),
        ]);
        if (result.EmptyRows > 0)
        {
            context.Say(string.Create(CultureInfo.InvariantCulture,
                $"{result.EmptyRows:N0} {(result.EmptyRows == 1 ? "row" : "rows")} without text left out."));
        }
        if (result.Stop == TrainingStop.Cancelled)
        {
            context.Say(string.Create(CultureInfo.InvariantCulture,
                $"Interrupted at step {result.Steps}; the model of step {result.BestStep} was saved to {path}."));
        }
        return StatusOf(trained);
    }

    /// <summary>The exit code: interrupted where the training was.</summary>
    public static int StatusOf(LikelihoodScoringTransformer trained) =>
        trained.TrainingResult!.Stop == TrainingStop.Cancelled ? ExitCode.Interrupted : ExitCode.Done;

    private static Field[] OfAdapter(LoraAdapter? adapter, string? path) => adapter is null ? [] :
    [
        new Field("adapter", path),
        .. AdapterInspector.OfAdapter(adapter),
    ];
}
