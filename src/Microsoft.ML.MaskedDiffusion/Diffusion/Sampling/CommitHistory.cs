namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>For each position of a row the choice that stands: in which step it was made and how probable it was.</summary>
internal sealed class CommitHistory
{
    private readonly double[] _probabilities;
    private readonly double[] _logProbabilities;
    private readonly int[] _steps;
    private readonly int[] _timesMasked;

    public CommitHistory(int length)
    {
        _probabilities = new double[length];
        Array.Fill(_probabilities, double.NaN);
        _logProbabilities = new double[length];
        _steps = new int[length];
        Array.Fill(_steps, -1);
        _timesMasked = new int[length];
    }

    /// <summary>The probability of the position's token when it was chosen; NaN where none was.</summary>
    public double ProbabilityAt(int position) => _probabilities[position];

    /// <summary>The step in which the position's token was chosen, from 0; -1 where none was.</summary>
    public int StepAt(int position) => _steps[position];

    /// <summary>How often the position was masked again.</summary>
    public int TimesMasked(int position) => _timesMasked[position];

    /// <summary>Σ log p of the choices that stand, nats.</summary>
    public double LogProbability => _logProbabilities.Sum();

    /// <summary>How often a position was masked again at most.</summary>
    public int MostTimesMasked { get; private set; }

    /// <summary>Notes a choice.</summary>
    public void Add(in TokenPrediction prediction, int step)
    {
        // Not the prediction's probability, which is 0 for a token that is postponed.
        _probabilities[prediction.Position] = Math.Exp(prediction.LogProbability);
        _logProbabilities[prediction.Position] = prediction.LogProbability;
        _steps[prediction.Position] = step;
    }

    /// <summary>Forgets a choice that is masked again.</summary>
    public void Mask(int position)
    {
        _probabilities[position] = double.NaN;
        _logProbabilities[position] = 0;
        _steps[position] = -1;
        MostTimesMasked = Math.Max(MostTimesMasked, ++_timesMasked[position]);
    }
}
