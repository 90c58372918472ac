using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>
/// How a row takes the most probable tokens at its positions where no others can be chosen: a few numbers of each position are enough then,
/// so that a device need not hand over all logits.
/// </summary>
/// <param name="ChangeAt">What is added to the logits at a place in the row's positions.</param>
/// <param name="Read">
/// Takes the summary of the changed logits at a place. May be called from several threads, once for each place.
/// </param>
internal sealed record GreedyLook(Func<int, ILogitChange> ChangeAt, Action<int, DistributionSummary> Read);
