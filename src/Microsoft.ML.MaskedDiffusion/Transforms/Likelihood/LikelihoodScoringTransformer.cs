using Microsoft.ML.MaskedDiffusion.Transforms.Likelihood;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Scores texts by a model's likelihood: what both <see cref="MaskedDiffusionTrainer"/> and <see cref="AutoregressiveTrainer"/> give, and
/// what <see cref="LikelihoodScoringEstimator"/> makes of a model of either kind. It adds to each row -log p(text) in nats, the standard
/// error of that figure, the number of tokens scored and, where wanted, nats per character and per byte.
/// </summary>
/// <remarks>
/// <para>For a masked diffusion model the figure is an estimate of the variational upper bound, or what the chosen
/// <see cref="LikelihoodMethod"/> gives; for an autoregressive model it is exact.</para>
/// <para>The text is scored as a document, after the tokenizer's beginning of sequence or, where it has none, its end of sequence; or after
/// a context column. A text longer than the model's context is scored in windows (<see cref="LikelihoodScoringOptions.Stride"/>) and never
/// cut. An empty or missing text has 0 tokens and a likelihood of 1: 0 nats with error 0, so that a batch goes on. White space is text like
/// any other.</para>
/// <para>A trainer's transformer owns its model and disposes it; one that was made from a model leaves it alone, and disposing it does
/// nothing. Beware that <c>PredictionEngine.Dispose</c> disposes its transformer unless <c>PredictionEngineOptions.OwnsTransformer</c> is
/// false.</para>
/// </remarks>
public sealed class LikelihoodScoringTransformer : ModelTransformer
{
    internal LikelihoodScoringTransformer(LikelihoodComputation computation, IDisposable? owned) : base(computation, owned)
    {
    }

    /// <summary>A transformer over a model, which it disposes if it is told that it owns it.</summary>
    internal LikelihoodScoringTransformer(MaskedDiffusionModel model, LikelihoodScoringOptions options, bool ownsModel)
        : this(new LikelihoodComputation(model, options), ownsModel ? model : null)
    {
    }

    /// <summary>What the training did; null where this transformer was not made by a trainer.</summary>
    public TrainingResult? TrainingResult { get; internal init; }
}
