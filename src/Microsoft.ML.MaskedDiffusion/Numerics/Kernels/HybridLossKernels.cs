using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// The losses of <see cref="HybridTerm"/>s for softmax(logits), in 64 bits: the divergence is a small difference of large sums.
/// </summary>
internal static unsafe class HybridLossKernels
{
    // A token less probable than e^-700 counts as one of that probability, which no sum notices.
    private const double LeastLogProbability = -700;

    /// <summary>The loss of each row in nats.</summary>
    /// <param name="logits">The logits [rows, width].</param>
    /// <param name="terms">A term for each row.</param>
    /// <param name="loss">Gets a number for each row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="width">Logits of a row.</param>
    /// <param name="tokens">How many of a row's first logits are those of tokens that can be predicted.</param>
    public static void Forward(float* logits, HybridTerm* terms, float* loss, int rows, int width, int tokens) =>
        Workers.Rows(rows, 4, (first, last) =>
    {
        for (int row = first; row < last; row++)
            loss[row] = (float)Loss(logits + (long)row * width, terms[row], tokens);
    });

    /// <summary>The loss of one position in nats.</summary>
    /// <param name="row">The logits of the tokens that can be predicted; minus infinity for a token that is none.</param>
    /// <param name="term">The position.</param>
    /// <param name="tokens">Their number.</param>
    public static double Loss(float* row, in HybridTerm term, int tokens)
    {
        double logSum = LogSum(row, tokens), r = term.Ratio;
        Vector512<double> ratio = Vector512.Create(r), sum = default;
        for (int i = 0; i < tokens; i += VectorMath.Lanes)
        {
            (Vector512<double> lower, Vector512<double> upper) = Probabilities(row + i, tokens - i, logSum);
            sum += Vector512.Log(Vector512<double>.One + ratio * lower) + Vector512.Log(Vector512<double>.One + ratio * upper);
        }
        double target = Math.Exp(row[term.Target] - logSum);
        double divergence = (1 + r) * Math.Log(1 + r) - r * Math.Log(1 + r * target) - Vector512.Sum(sum);
        if (term.RatioWeight == 0)
            return term.DivergenceWeight * divergence;
        double quotient = Own(term) / (1 + r * Math.Exp(row[term.Seen] - logSum));
        return term.DivergenceWeight * divergence + term.RatioWeight * (quotient - 1 - Math.Log(quotient));
    }

    /// <summary>Writes gradient[row] times the derivative of each row's loss over its logits.</summary>
    public static void Backward(float* logits, HybridTerm* terms, float* gradient, int rows, int width, int tokens) =>
        Workers.Rows(rows, 4, (first, last) =>
    {
        for (int row = first; row < last; row++)
        {
            float* at = logits + (long)row * width;
            Differentiate(at, terms[row], gradient[row], tokens);
            new Span<float>(at + tokens, width - tokens).Clear();
        }
    });

    // With G the derivative of the loss by a probability, that by a logit is p (G - the mean of G). G is -k r / (1 + r p) for all tokens,
    // and more at the token of the text and the one seen.
    private static void Differentiate(float* row, in HybridTerm term, double gradient, int tokens)
    {
        double logSum = LogSum(row, tokens), r = term.Ratio, factor = -term.DivergenceWeight * r;
        double target = Math.Exp(row[term.Target] - logSum), seen = Math.Exp(row[term.Seen] - logSum), visible = 1 + r * seen;
        double atTarget = factor * r / (1 + r * target);
        double atSeen = -term.RatioWeight * r * (Own(term) - visible) / (visible * visible);
        Vector512<double> ratio = Vector512.Create(r), one = Vector512<double>.One, sum = default;
        for (int i = 0; i < tokens; i += VectorMath.Lanes)
        {
            (Vector512<double> lower, Vector512<double> upper) = Probabilities(row + i, tokens - i, logSum);
            sum += lower / (one + ratio * lower) + upper / (one + ratio * upper);
        }
        double mean = factor * Vector512.Sum(sum) + target * atTarget + seen * atSeen;
        Vector512<double> factors = Vector512.Create(factor), means = Vector512.Create(mean), scale = Vector512.Create(gradient);
        for (int i = 0; i < tokens; i += VectorMath.Lanes)
        {
            (Vector512<double> lower, Vector512<double> upper) = Probabilities(row + i, tokens - i, logSum);
            lower *= scale * (factors / (one + ratio * lower) - means);
            upper *= scale * (factors / (one + ratio * upper) - means);
            VectorMath.Store(Vector512.Narrow(lower, upper), row + i, tokens - i);
        }
        row[term.Target] += (float)(gradient * target * atTarget);
        row[term.Seen] += (float)(gradient * seen * atSeen);
    }

    // The token's marginal probability under the true text, in units of the uniform noise of each token.
    private static double Own(in HybridTerm term) => term.Seen == term.Target ? 1 + term.Ratio : 1;

    private static double LogSum(float* row, int tokens)
    {
        Vector512<float> high = Vector512.Create(float.NegativeInfinity);
        for (int i = 0; i < tokens; i += VectorMath.Lanes)
            high = Vector512.MaxNative(high, VectorMath.Load(row + i, tokens - i, float.NegativeInfinity));
        float top = VectorMath.Max(high);
        Vector512<double> sum = default;
        for (int i = 0; i < tokens; i += VectorMath.Lanes)
        {
            (Vector512<double> lower, Vector512<double> upper) = Probabilities(row + i, tokens - i, top);
            sum += lower + upper;
        }
        return top + Math.Log(Vector512.Sum(sum));
    }

    // e^(logit - logSum) of sixteen tokens, of which only so many exist.
    private static (Vector512<double> Lower, Vector512<double> Upper) Probabilities(float* logits, int count, double logSum)
    {
        Vector512<float> x = VectorMath.Load(logits, count, float.NegativeInfinity);
        Vector512<double> shift = Vector512.Create(logSum), least = Vector512.Create(LeastLogProbability);
        return (
            Vector512.Exp(Vector512.Max(Vector512.WidenLower(x) - shift, least)),
            Vector512.Exp(Vector512.Max(Vector512.WidenUpper(x) - shift, least)));
    }
}
