using Microsoft.ML.MaskedDiffusion;
using Reproduce.Runs;

namespace Reproduce.Experiments.Common;

/// <summary>The two pre-trained models that a published setting compares, which have the same tokens.</summary>
internal sealed record PretrainedPair(MaskedDiffusionModel MaskedDiffusion, MaskedDiffusionModel Autoregressive) : IDisposable
{
    /// <summary>The tokenizer of both.</summary>
    public TextTokenizer Tokenizer => MaskedDiffusion.Tokenizer;

    /// <summary>Loads the models that the run's options name.</summary>
    /// <exception cref="FileNotFoundException">One is not there, or was not named.</exception>
    /// <exception cref="InvalidOperationException">They are of the other kind, or their tokenizers are not the same.</exception>
    public static PretrainedPair Load(Run run)
    {
        MaskedDiffusionModel masked = run.LoadPretrained(ModelKind.MaskedDiffusion);
        try
        {
            var pair = new PretrainedPair(masked, run.LoadPretrained(ModelKind.Autoregressive));
            if (AreSame(masked.Tokenizer, pair.Autoregressive.Tokenizer))
                return pair;
            pair.Autoregressive.Dispose();
            throw new InvalidOperationException(
                $"{run.Options.ModelFile} of --model and {run.Options.BaselineFile} of --baseline have different tokenizers, so their "
                + "figures per token do not compare. Name two models with the same tokenizer.");
        }
        catch
        {
            masked.Dispose();
            throw;
        }
    }

    /// <summary>The model of a kind.</summary>
    public MaskedDiffusionModel Of(ModelKind kind) => kind == ModelKind.MaskedDiffusion ? MaskedDiffusion : Autoregressive;

    public void Dispose()
    {
        MaskedDiffusion.Dispose();
        Autoregressive.Dispose();
    }

    private static bool AreSame(TextTokenizer one, TextTokenizer other) =>
        one.Files.Count == other.Files.Count
        && one.Files.All(file => other.Files.TryGetValue(file.Key, out byte[]? content) && file.Value.AsSpan().SequenceEqual(content));
}
