using System.Buffers;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>
/// The correction of a row that is written, after the self-correction step of GIDD (von Ruette et al., arXiv 2503.04482, 2025): token
/// after token is replaced by one that the network finds more probable in the light of all others. What rises is the sum, over the
/// positions that may change, of the log-probabilities of the row's tokens in a look at the whole row. A replacement is tried where it
/// raises that position's part most; it stays only if the next look finds that the whole sum has risen, so that the sum never falls.
/// </summary>
/// <param name="options">The most replacements that are tried, and the temperature of what is tried; checked.</param>
/// <param name="draws">The row's draws.</param>
internal sealed class SelfCorrection(SamplingOptions options, ISamplingDraws draws)
{
    private readonly TokenChooser _chooser = new(new SamplingOptions { Temperature = options.SelfCorrectionTemperature });
    private readonly HashSet<(int Position, int Token)> _refused = [];
    private int[] _positions = [];
    private double[] _logProbabilities = [];
    private Replacement?[] _looked = [], _candidates = [];
    private Replacement? _tried;
    private int _tries;

    /// <summary>Whether nothing is left to try.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Σ log p of the row's tokens, nats, as the last look at the row found it; minus infinity before the first.</summary>
    public double Objective { get; private set; } = double.NegativeInfinity;

    /// <summary>Begins a look at the row, with the replacement that is tried.</summary>
    /// <param name="tokens">The row as it stands.</param>
    /// <param name="positions">The positions that may change.</param>
    /// <returns>The row to look at.</returns>
    public int[] Begin(int[] tokens, int[] positions)
    {
        int[] row = [.. tokens];
        if (_tried is { } tried)
            row[tried.Prediction.Position] = tried.Prediction.Token;
        _positions = positions;
        _logProbabilities = new double[positions.Length];
        _looked = new Replacement?[positions.Length];
        return row;
    }

    /// <summary>Takes the logits at one of the positions. May be called from several threads, once for each place.</summary>
    /// <param name="place">The number of the position.</param>
    /// <param name="logits">The network's logits.</param>
    /// <param name="token">The token of the row that was looked at.</param>
    /// <param name="change">Leaves what may not stand there without probability.</param>
    /// <param name="step">The number of the step, for draws.</param>
    public void Read(int place, ReadOnlySpan<float> logits, int token, LogitChange change, int step)
    {
        _logProbabilities[place] = logits[token] - TokenStatistics.Of(logits).LogSum;
        float[] rented = ArrayPool<float>.Shared.Rent(logits.Length);
        Span<float> allowed = rented.AsSpan(0, logits.Length);
        logits.CopyTo(allowed);
        change.AddTo(allowed);
        if (allowed.ContainsAnyExcept(float.NegativeInfinity))
        {
            TokenPrediction prediction = _chooser.Choose(allowed, _positions[place], step, draws);
            double gain = (double)logits[prediction.Token] - logits[token];
            _looked[place] = gain > 0 ? new Replacement(prediction, gain) : null;
        }
        ArrayPool<float>.Shared.Return(rented);
    }

    /// <summary>
    /// Decides about the replacement that was looked at and says what the next one is. Returns the replacement that stays, if one does.
    /// </summary>
    public TokenPrediction? Advance()
    {
        double objective = _logProbabilities.Sum();
        Replacement? accepted = null;
        if (_tried is null || objective > Objective)
        {
            (accepted, Objective, _candidates) = (_tried, objective, _looked);
            _refused.Clear();
        }
        else
        {
            _refused.Add((_tried.Prediction.Position, _tried.Prediction.Token));
        }
        _tried = _candidates.OfType<Replacement>()
            .Where(candidate => !_refused.Contains((candidate.Prediction.Position, candidate.Prediction.Token)))
            .MaxBy(candidate => candidate.Gain);
        IsDone = _tried is null || _tries++ == options.SelfCorrectionSteps;
        return accepted?.Prediction;
    }

    // A token to put in a position's place, and by how much the position's own log-probability rises.
    private sealed record Replacement(TokenPrediction Prediction, double Gain);
}
