using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Training.Objectives;

/// <summary>
/// What the loop minimizes: diffusion, or next-token prediction. A row's prompt is seen and not learned. All random draws come from the
/// batch's own streams. Not thread-safe: an objective may reuse buffers.
/// </summary>
internal interface ITrainingObjective
{
    /// <summary>The objective's name in a run's fingerprint. Checkpoints hold it, so it never changes.</summary>
    string Name { get; }

    /// <summary>
    /// What <see cref="Loss"/> is where it does not estimate the bound that <see cref="RowLosses"/> measures; null where it does, so that
    /// training and validation compare.
    /// </summary>
    string? LossRemark => null;

    /// <summary>Ids a training block needs for the given context: the context itself, or one more where targets are shifted.</summary>
    int BlockLength(int contextLength);

    /// <summary>Ids at a row's start that are no target of <see cref="RowLosses"/>: 1 where targets are shifted.</summary>
    int SourceOnlyIds => 0;

    /// <summary>
    /// Whether <see cref="RowLosses"/> say how far the training has come: not while it works at something else. Validations wait for that.
    /// </summary>
    bool IsMeasured => true;

    /// <summary>Called before each step.</summary>
    /// <param name="network">The network that is trained.</param>
    /// <param name="share">The share of the run that is over, 0 to 1; 0 where the run has no end.</param>
    void Begin(TransformerNetwork network, double share)
    {
    }

    /// <summary>
    /// The micro batch's loss in nats per learned token, a scalar with its graph, on the network's device. The caller owns the dispose
    /// scope.
    /// </summary>
    torch.Tensor Loss(TransformerNetwork network, TokenBatch batch);

    /// <summary>The learned tokens of the micro batch, over which <see cref="Loss"/> is the mean.</summary>
    int LearnedTokens(TokenBatch batch) => Enumerable.Range(0, batch.Count).Sum(row => batch.TargetCount(row, SourceOnlyIds));

    /// <summary>The loss of every row in nats per learned token, without a graph; for validation.</summary>
    double[] RowLosses(TransformerNetwork network, TokenBatch batch);
}
