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
    private readonly ITrainingObjective _start = new AutoregressiveObjective();
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

    public int SourceOnlyIds => diffusion.SourceOnlyIds;

    public torch.Tensor Loss(TransformerNetwork network, TokenBatch batch) => Current(batch).Loss(network, batch);

    public int LearnedTokens(TokenBatch batch) => Current(batch).LearnedTokens(batch);

    public double[] RowLosses(TransformerNetwork network, TokenBatch batch) =>
        network.WithAttention(null, () => diffusion.RowLosses(network, batch));

    // Where rows are cut to one token, nothing follows that could be predicted from it.
    private ITrainingObjective Current(TokenBatch batch) =>
        _isStarting && _start.LearnedTokens(batch) > 0 ? _start : diffusion;
}
