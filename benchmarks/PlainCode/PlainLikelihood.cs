using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.PlainCode;

/// <summary>
/// The reference implementation's evaluation of one request on the plain code: rounds of noisy copies, and cross-entropy at the masked
/// positions, where alone the logits are computed.
/// </summary>
/// <param name="network">The network.</param>
/// <param name="roundSize">Noisy copies that go through the network together; the reference takes 32.</param>
internal sealed class PlainLikelihood(PlainNetwork network, int roundSize = 32)
{
    /// <summary>The estimate of the negative log-likelihood of every round; their mean is the estimate of all.</summary>
    public double[] Score(LikelihoodRequest request, int samples, int seed)
    {
        double[] values = new double[samples / roundSize];
        for (int round = 0; round < values.Length; round++)
            values[round] = Round(request, samples, seed, round * roundSize);
        return values;
    }

    private double Round(LikelihoodRequest request, int samples, int seed, int first)
    {
        using var scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        var key = new RoundKey(request.Answer.Length, samples, roundSize, null, (ulong)seed, ContentKey.Of(request.Context), 0);
        int start = request.Context.Length;
        int length = start + request.Answer.Length;
        float[] levels = new float[roundSize];
        ForwardProcess.Stratify(key.Comb(first).NextSingle(), levels);
        long[] ids = new long[roundSize * length];
        var (places, targets, weights) = (new List<long>(), new List<long>(), new List<float>());
        for (int row = 0; row < roundSize; row++)
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
        if (places.Count == 0)
            return 0;
        torch.Tensor logits = network.LogitsAt(ids, length, [.. places]);
        torch.Tensor expected = torch.tensor(targets.ToArray(), device: network.Device);
        torch.Tensor losses = torch.nn.functional.cross_entropy(logits, expected, reduction: torch.nn.Reduction.None);
        torch.Tensor weighted = losses / torch.tensor(weights.ToArray(), device: network.Device);
        return weighted.sum().to(torch.ScalarType.Float64, torch.CPU).item<double>() / roundSize;
    }
}
