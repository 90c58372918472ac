using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Quality;

/// <summary>How far a network's logits at masked places are from those of another one.</summary>
/// <param name="Places">The masked places.</param>
/// <param name="Deviation">The greatest deviation of a logit, divided by the largest magnitude of the other network's logits.</param>
/// <param name="SameTokens">The share of places whose most probable token is the same.</param>
internal sealed record LogitComparison(int Places, double Deviation, double SameTokens)
{
    // Every so many places one is masked, or in an autoregressive network's rows none.
    private const int MaskEvery = 3;

    /// <summary>Compares two networks of the same shape on rows of tokens, from each of which some are masked.</summary>
    public static LogitComparison Of(TransformerNetwork expected, TransformerNetwork actual, IEnumerable<int[]> rows)
    {
        using IDisposable noGradient = torch.no_grad();
        int places = 0, same = 0;
        double deviation = 0, largest = 0;
        foreach (int[] row in rows)
        {
            using var scope = torch.NewDisposeScope();
            TransformerConfig config = expected.Config;
            bool IsMasked(int place) => !config.Autoregressive && place % MaskEvery == 1;
            long[] ids = [.. row.Select((id, place) => (long)(IsMasked(place) ? config.MaskTokenId : id))];
            long[] asked =
                [.. Enumerable.Range(0, row.Length).Where(place => config.Autoregressive || IsMasked(place)).Select(place => (long)place)];
            if (asked.Length == 0)
                continue;
            torch.Tensor LogitsOf(TransformerNetwork network) =>
                network.Logits(network.HiddenAt(new TokenRows(ids, ids.Length), asked)).narrow(1, 0, config.TextVocabularySize);
            torch.Tensor one = LogitsOf(expected), other = LogitsOf(actual);
            places += asked.Length;
            same += (int)one.argmax(1).eq(other.argmax(1)).sum().item<long>();
            deviation = Math.Max(deviation, (one - other).abs().max().item<float>());
            largest = Math.Max(largest, one.abs().max().item<float>());
        }
        return new LogitComparison(places, deviation / largest, (double)same / places);
    }
}
