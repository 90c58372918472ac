using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>
/// The reference implementation's evaluation of one request: rounds of 32 noisy copies (its default batch), logits of all positions,
/// cross-entropy at the masked ones. The network is passed as a function, so that the loop can run on torch's operators and on this
/// library's kernels.
/// </summary>
internal static class NaiveLoop
{
    /// <summary>Noisy copies of a request, over all rounds.</summary>
    public const int Samples = 128;

    private const int Batch = 32;

    /// <summary>A first round, which is not measured.</summary>
    public static void Warm(Func<TokenRows, torch.Tensor> forward, TransformerNetwork network, LikelihoodRequest request) =>
        Round(forward, network, request, Key(request), 0);

    /// <summary>The negative log-likelihood, and the standard error of the rounds' mean.</summary>
    public static (double Value, double StandardError) Score(
        Func<TokenRows, torch.Tensor> forward, TransformerNetwork network, LikelihoodRequest request)
    {
        var values = new double[Samples / Batch];
        for (int round = 0; round < values.Length; round++)
            values[round] = Round(forward, network, request, Key(request), round * Batch);
        double mean = values.Average();
        return (mean, Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1) / values.Length));
    }

    private static RoundKey Key(LikelihoodRequest request) =>
        new(request.Answer.Length, Samples, Batch, null, 1, ContentKey.Of(request.Context), 0);

    private static double Round(
        Func<TokenRows, torch.Tensor> forward, TransformerNetwork network, LikelihoodRequest request, RoundKey key, int first)
    {
        using var scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        int start = request.Context.Length, length = start + request.Answer.Length;
        var levels = new float[Batch];
        ForwardProcess.Stratify(key.Comb(first).NextSingle(), levels);
        var ids = new long[Batch * length];
        var (places, targets, weights) = (new List<long>(), new List<long>(), new List<float>());
        for (int row = 0; row < Batch; row++)
        {
            CounterRandom random = key.Sample(first + row);
            for (int i = 0; i < length; i++)
            {
                int at = row * length + i;
                ids[at] = i < start ? request.Context[i] : request.Answer[i - start];
                if (i < start || random.NextSingle() >= levels[row])
                    continue;
                places.Add(at);
                targets.Add(ids[at]);
                weights.Add(levels[row]);
                ids[at] = network.Config.MaskTokenId;
            }
        }
        torch.Tensor logits = forward(new TokenRows(ids, length)).view(ids.Length, network.Config.VocabularySize);
        torch.Tensor masked = logits.index_select(0, torch.tensor(places.ToArray(), device: network.Device));
        torch.Tensor expected = torch.tensor(targets.ToArray(), device: network.Device);
        torch.Tensor losses = torch.nn.functional.cross_entropy(masked, expected, reduction: torch.nn.Reduction.None);
        torch.Tensor weighted = losses / torch.tensor(weights.ToArray(), device: network.Device);
        return weighted.sum().to(torch.ScalarType.Float64, torch.CPU).item<double>() / Batch;
    }
}
