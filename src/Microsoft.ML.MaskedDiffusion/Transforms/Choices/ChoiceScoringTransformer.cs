using Microsoft.ML.MaskedDiffusion.Transforms.Choices;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Scores the options of each row by log p(option | context) under a model of either kind. Context and option are joined by
/// <see cref="ChoiceScoringOptionsBase.Separator"/> and cut into tokens as lm-evaluation-harness does. An empty option, or one past the end
/// of a shorter row, is not there: its probability is 0 and its score the lowest finite Single. Options of the same text have the same
/// score; of equal scores the first is the best.
/// </summary>
/// <remarks>
/// <para><c>ml.MulticlassClassification.Evaluate(data, scoreColumnName: "Probability")</c> works on the result, also where rows have fewer
/// options than others. Its label is a key, or the 0-based number of the right option as Single.</para>
/// <para>The model is not disposed with the transformer, except where the transformer was unwrapped from a saved file.</para>
/// </remarks>
public sealed class ChoiceScoringTransformer : ModelTransformer
{
    internal ChoiceScoringTransformer(ChoiceComputation computation, IDisposable? owned) : base(computation, owned) =>
        ChoiceCount = computation.ChoiceCount;

    /// <summary>The size of the score vectors: the most options a row may have.</summary>
    public int ChoiceCount { get; }
}
