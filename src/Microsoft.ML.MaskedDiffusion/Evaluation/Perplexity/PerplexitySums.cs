using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.Perplexity;

/// <summary>
/// Running sums over documents, from which all figures come. Of the corpus no more is kept than which windows came how often.
/// </summary>
internal sealed class PerplexitySums
{
    private readonly RequestCopies _copies = new();
    private long _documents, _tokens, _bytes;
    private EstimateError _noise;
    private double _loss, _lossSquared, _lossTokens, _lossBytes, _tokensSquared, _bytesSquared;

    /// <summary>Adds a document's windows, their estimates, and its bytes.</summary>
    public void Add(LikelihoodRequest[] windows, LikelihoodEstimate[] estimates, int bytes) => Add(
        -estimates.Sum(window => window.LogLikelihood), _copies.Add(windows, estimates.Select(window => window.Error)),
        estimates.Sum(window => window.TokenCount), bytes);

    /// <summary>Adds a document: nats, by how much it makes their error grow, tokens, bytes.</summary>
    public void Add(double loss, EstimateError noise, int tokens, int bytes)
    {
        _documents++;
        _tokens += tokens;
        _bytes += bytes;
        _loss += loss;
        _noise += noise;
        _lossSquared += loss * loss;
        _lossTokens += loss * tokens;
        _lossBytes += loss * bytes;
        _tokensSquared += (double)tokens * tokens;
        _bytesSquared += (double)bytes * bytes;
    }

    public PerplexityFigures Figures(string? group)
    {
        EvaluationMetric perToken = Ratio(_tokens, _lossTokens, _tokensSquared), perByte = Ratio(_bytes, _lossBytes, _bytesSquared);
        double perplexity = Math.Exp(perToken.Value), bits = 1 / Math.Log(2);
        return new PerplexityFigures(group, _documents, _tokens, _bytes, perToken,
            Scaled(perplexity, perplexity, perToken), Scaled(perByte.Value * bits, bits, perByte));
    }

    private static EvaluationMetric Scaled(double value, double slope, EvaluationMetric metric) =>
        new(value, slope * metric.StandardError, slope * metric.NoiseStandardError);

    /// <summary>Σ loss / Σ x; the squares of the residuals loss - ratio x come from the sums.</summary>
    private EvaluationMetric Ratio(double total, double lossTimes, double squared)
    {
        double ratio = _loss / total;
        double residuals = Math.Max(0, _lossSquared - 2 * ratio * lossTimes + ratio * ratio * squared);
        double error = _documents < 2 ? double.NaN : Math.Sqrt(residuals * _documents / (_documents - 1)) / total;
        return new EvaluationMetric(ratio, error, _noise.StandardError / total);
    }
}
