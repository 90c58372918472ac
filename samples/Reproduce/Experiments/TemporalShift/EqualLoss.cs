namespace Reproduce.Experiments.TemporalShift;

/// <summary>Finds the number of steps with which a model has a given loss.</summary>
internal static class EqualLoss
{
    /// <summary>
    /// Between the two trainings whose losses lie around the given one, on the line of the loss over the logarithm of the steps. Where no
    /// two do, the steps of the training whose loss is nearest.
    /// </summary>
    public static int Steps(IReadOnlyList<(int Steps, double Loss)> trainings, double loss)
    {
        for (int i = 1; i < trainings.Count; i++)
        {
            ((int before, double above), (int after, double below)) = (trainings[i - 1], trainings[i]);
            if (above < loss || below > loss || above == below)
                continue;
            double share = (above - loss) / (above - below);
            return (int)Math.Round(Math.Exp(double.Lerp(Math.Log(before), Math.Log(after), share)));
        }
        return trainings.MinBy(training => Math.Abs(training.Loss - loss)).Steps;
    }
}
