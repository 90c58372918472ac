namespace Microsoft.ML.MaskedDiffusion.Transforms;

/// <summary>The scores of a row's options, one place for each option a row may have.</summary>
internal sealed class ChoiceResult(int choiceCount)
{
    /// <summary>Log-likelihoods, nats or nats per unit; the lowest finite number where there is no option: ML.NET's evaluators drop rows with infinities.</summary>
    public float[] Score { get; } = [.. Enumerable.Repeat(float.MinValue, choiceCount)];

    public float[] StandardError { get; } = new float[choiceCount];

    public float[] Probability { get; } = new float[choiceCount];

    /// <summary>1 for the first option; 0 for none.</summary>
    public uint PredictedLabel { get; private set; }

    /// <summary>Softmax and best of the options that are there, given by place and score.</summary>
    public void Compare(IReadOnlyList<(int Place, double Score)> options)
    {
        if (options.Count == 0)
            return;
        // The best score is taken off first, so that nothing overflows.
        double best = options.Max(option => option.Score), sum = options.Sum(option => Math.Exp(option.Score - best));
        foreach ((int place, double score) in options)
            Probability[place] = (float)(Math.Exp(score - best) / sum);
        PredictedLabel = (uint)options.First(option => option.Score == best).Place + 1;
    }
}
