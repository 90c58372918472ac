using Microsoft.ML.MaskedDiffusion.Transforms.Choices;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Scores options that stand in rows by log p(option | context). The rows of a group must stand next to each other and have one context; a
/// group that comes again later, or rows of other contexts in it, end the pass with <see cref="InvalidDataException"/>. The figures are the
/// bits that <see cref="ChoiceScoringTransformer"/> gives for the same options in a vector.
/// </summary>
/// <remarks>
/// <para>The rows of a group need each other, so this transformer maps no single rows: no prediction engine takes it, and its views are
/// read in the data's own order. A saved one is loaded by <c>ml.MaskedDiffusion().LoadModel</c>; <c>ml.Model.Load</c> throws
/// <see cref="NotSupportedException"/> and names it.</para>
/// <para>A group is scored when one of the added columns of its rows is read. Memory grows by some tens of bytes for each group of a pass,
/// by which groups are recognised.</para>
/// <para>The model is not disposed with the transformer, except where the transformer was unwrapped from a saved file.</para>
/// </remarks>
public sealed class GroupedChoiceScoringTransformer : ModelTransformer
{
    internal GroupedChoiceScoringTransformer(GroupedChoiceComputation computation, IDisposable? owned) : base(computation, owned)
    {
    }
}
