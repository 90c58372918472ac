using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

/// <summary>A session that can summarize logits where they are computed, so that hardly anything leaves a device.</summary>
internal interface ILogitSummarizer
{
    /// <summary>Whether that costs less than <see cref="INetworkSession.ReadLogits"/>: where logits would leave a device.</summary>
    bool SummarizesLogits { get; }

    /// <summary>
    /// What <see cref="DistributionKernels.Summarize"/> says of the logits that <see cref="INetworkSession.ReadLogits"/> would hand over,
    /// each row with a change of its own. Where a change forbids all tokens, the largest logit is minus infinity.
    /// </summary>
    DistributionSummary[] Summarize(
        NetworkStates states, int[] rows, int[]? unconditional, double guidanceScale, IReadOnlyList<ILogitChange> changes);
}
