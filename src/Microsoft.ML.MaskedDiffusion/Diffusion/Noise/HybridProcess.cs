using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Noise;

/// <summary>
/// The forward process and the loss of "Generalized Interpolating Discrete Diffusion" (GIDD; von Ruette et al., arXiv 2503.04482, 2025)
/// with hybrid noise: at time t a token is left alone with probability alpha = (1 - t) / C, is the mask token with t / C, and is drawn
/// uniformly from the N tokens of text with c / C, where c = B sqrt(t (1 - t)), B = 2 p_u / (1 - p_u) and C = 1 + c. At t = 1/2 the share
/// of uniform noise has its peak, p_u. With p_u = 0 it is the process of masked diffusion. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// A network that sees z in place of x and predicts p has, with q(v | x) the marginal probabilities above and q(v | p) their mean over p,
/// the bound  -log p(x) &lt;= integral over t of E[w(z, x) (KL(q(. | x) || q(. | p)) + r - 1 - log r)] with r = q(z | x) / q(z | p)
/// (the continuous-time bound there). The weight w is the rate at which tokens become z, over q(z | x): 1 / (t (1 - t)) for the mask token,
/// half of that for a wrong token, and <see cref="HybridLevel.RightWeight"/> for x itself.
/// </remarks>
internal sealed class HybridProcess
{
    /// <summary>The lowest time of a training, that of GIDD's code.</summary>
    public const double DefaultEpsilon = 1e-4;

    // The largest weight of a position in training: that of a mask token.
    private const double LargestWeight = 2;

    private readonly int _maskTokenId;
    private readonly int _predictedMaskTokenId;
    private readonly int _tokenCount;
    private readonly double _factor;
    private readonly double _epsilon;

    /// <param name="config">The network's shape.</param>
    /// <param name="uniformShare">p_u, above 0 and below 1.</param>
    /// <param name="epsilon">The lowest time of a training.</param>
    public HybridProcess(TransformerConfig config, double uniformShare, double epsilon = DefaultEpsilon)
    {
        _maskTokenId = config.MaskTokenId;
        _predictedMaskTokenId = config.PredictedMaskTokenId;
        _tokenCount = config.TextVocabularySize - (_predictedMaskTokenId >= 0 ? 1 : 0);
        _factor = 2 * uniformShare / (1 - uniformShare);
        _epsilon = epsilon;
    }

    /// <summary>The noise of a training step for a draw from 0 to 1: times are uniform, from the lowest one up.</summary>
    public HybridLevel LevelInTraining(double draw) =>
        new(_epsilon + (1 - _epsilon) * draw, (1 - _epsilon) * (1 - draw), 1, _factor, _tokenCount);

    /// <summary>
    /// The noise of a measurement for a draw u from 0 to 1, neither included: t = u^3, and the integrand counts 3 u^2. It reaches down to
    /// 0, so that nothing is missing in the bound, and the few tokens that are noised there, which have large weights, do not decide it:
    /// for uniform times the variance would be infinite.
    /// </summary>
    public HybridLevel LevelInMeasurement(double draw) =>
        new(draw * draw * draw, (1 - draw) * (1 + draw + draw * draw), 3 * draw * draw, _factor, _tokenCount);

    /// <summary>
    /// Noises sequences with given draws. A draw u of a position masks it where u is below the probability of the mask token; the part
    /// above that which uniform noise has is divided among the tokens.
    /// </summary>
    /// <param name="tokens">Clean ids, row after row.</param>
    /// <param name="length">Length of a row.</param>
    /// <param name="levels">The noise of each row.</param>
    /// <param name="uniforms">A draw from 0 to 1 for each position.</param>
    /// <param name="kept">Positions that stay as they are and are not learned (a prompt), as <paramref name="tokens"/>.</param>
    public HybridBatch Corrupt(
        ReadOnlySpan<long> tokens, int length, HybridLevel[] levels, ReadOnlySpan<double> uniforms, ReadOnlySpan<bool> kept)
    {
        long[] noisy = tokens.ToArray();
        List<long> positions = [], targets = [];
        for (int row = 0; row < levels.Length; row++)
        {
            double mask = levels[row].MaskProbability, uniform = levels[row].UniformProbability;
            for (int i = row * length; i < (row + 1) * length; i++)
            {
                if (kept[i])
                    continue;
                positions.Add(i);
                targets.Add(tokens[i]);
                double left = uniforms[i] - mask;
                if (left < 0)
                    noisy[i] = _maskTokenId;
                else if (left < uniform)
                    noisy[i] = TokenAt(Math.Min((int)(left / uniform * _tokenCount), _tokenCount - 1));
            }
        }
        return new HybridBatch
        {
            Count = levels.Length,
            Length = length,
            Tokens = noisy,
            Levels = levels,
            Positions = [.. positions],
            Targets = [.. targets],
        };
    }

    /// <summary>The losses of a batch's positions, but for the predictions.</summary>
    /// <param name="batch">Noised sequences.</param>
    /// <param name="weighting">What the positions weigh.</param>
    public HybridTerm[] Terms(HybridBatch batch, LossWeighting weighting)
    {
        var terms = new HybridTerm[batch.Positions.Length];
        for (int i = 0; i < terms.Length; i++)
            terms[i] = Term(batch.Levels[batch.RowOf(i)], batch.Targets[i], batch.Tokens[batch.Positions[i]], weighting);
        return terms;
    }

    private HybridTerm Term(in HybridLevel level, long target, long seen, LossWeighting weighting)
    {
        bool isMask = seen == _maskTokenId;
        double bound = isMask ? level.MaskWeight : seen == target ? level.RightWeight : level.WrongWeight;
        double weight = level.Scale * weighting switch
        {
            LossWeighting.Dynamic => isMask ? LargestWeight : seen == target ? DynamicRightWeight(level) : LargestWeight / 2,
            LossWeighting.Clipped => Math.Min(bound, LargestWeight),
            _ => bound,
        };
        double unit = level.UniformProbability / level.TokenCount;
        return new HybridTerm((int)target, (int)(isMask ? target : seen), level.Ratio, weight * unit, isMask ? 0 : weight);
    }

    // B / N e^(-lambda / 2), with lambda = log(alpha / (1 - alpha)) the signal-to-noise ratio's logarithm.
    private static double DynamicRightWeight(in HybridLevel level)
    {
        double noise = level.MaskProbability + level.UniformProbability;
        return Math.Min(LargestWeight, level.Factor / level.TokenCount * Math.Sqrt(noise / level.KeptProbability));
    }

    private int TokenAt(int number) => _predictedMaskTokenId >= 0 && number >= _predictedMaskTokenId ? number + 1 : number;
}
