using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Training.Objectives;

/// <summary>
/// Masked diffusion after a start as an autoregressive model: for a share of the run the network sees only what is before a position and
/// predicts the next token, then everything and the masked tokens. What is measured is always the loss of masked diffusion.
/// </summary>
/// <param name="diffusion">The objective of the rest of the run.</param>
/// <param name="share">The share of the run that is trained autoregressively, 0 to 1.</param>
internal sealed class WarmStartObjective(ITrainingObjective diffusion, double share) : ITrainingObjective
{
    private readonly AutoregressiveObjective _start = new();
    private bool _isStarting;

    public string Name => diffusion.Name;

    public string? LossRemark => _isStarting ? "autoregressive" : diffusion.LossRemark;

    public bool IsMeasured => !_isStarting;

    public int BlockLength(int contextLength) => diffusion.BlockLength(contextLength);

    public void Begin(TransformerNetwork network, double over)
    {
        diffusion.Begin(network, over);
        _isStarting = over < share;
        network.Attention = _isStarting ? AttentionPattern.Causal : null;
    }

    // Where rows are cut to one token, nothing follows that could be predicted from it.
    public torch.Tensor Loss(TransformerNetwork network, TokenBatch batch) =>
        _isStarting && Enumerable.Range(0, batch.Count).Any(row => batch.TargetCount(row, _start.SourceOnlyIds) > 0)
            ? _start.Loss(network, batch) : diffusion.Loss(network, batch);

    public double[] RowLosses(TransformerNetwork network, TokenBatch batch) =>
        network.WithAttention(null, () => diffusion.RowLosses(network, batch));
}
