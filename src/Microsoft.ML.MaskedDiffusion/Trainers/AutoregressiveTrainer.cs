using Microsoft.ML.Runtime;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Trains the autoregressive baseline of "Scaling up Masked Diffusion Models on Text" (Nie et al., 2024) on a text column, or fine-tunes
/// it: the same network with causal attention and no mask token, on the same data in the same order with the same optimizer, predicting
/// each token from those before it. The loss is the mean cross-entropy over blocks of context length + 1 tokens, or over answers and the
/// end behind them where there are prompts. So one set of options trains both sides of a comparison.
/// </summary>
/// <remarks>
/// The transformer adds the exact negative log-likelihood to each row (its standard error is 0). Choices are scored exactly too, and texts
/// written from left to right; infilling needs a masked diffusion model. Requirements and memory are those of
/// <see cref="MaskedDiffusionTrainer"/>, and the vocabulary logits of all tokens of a micro batch. Safe for several threads.
/// </remarks>
public sealed class AutoregressiveTrainer : IEstimator<LikelihoodScoringTransformer>
{
    private readonly MaskedDiffusionTrainer _trainer;

    /// <summary>Makes a trainer.</summary>
    /// <param name="env">The context: an <see cref="MLContext"/>, or any other environment.</param>
    /// <param name="options">
    /// The settings, copied here. <see cref="TrainerOptions.Network"/> is made autoregressive. Without noise there is nothing to set about
    /// it: <see cref="NoiseOptions.Levels"/>, <see cref="NoiseOptions.LossWeighting"/>, <see cref="NoiseOptions.UniformShare"/>,
    /// <see cref="NoiseOptions.StochasticLengthRatio"/>, <see cref="NoiseOptions.GuidanceDropout"/>,
    /// <see cref="NoiseOptions.GapLengthRatio"/>, <see cref="RowOptions.Padding"/>, <see cref="TrainerOptions.WarmStart"/> and
    /// <see cref="TrainerOptions.AttentionAnnealing"/> must have their defaults. Validation is exact, and
    /// <see cref="ValidationOptions.Samples"/> is not used.
    /// </param>
    /// <exception cref="ArgumentException">A setting is empty or out of its range; the message says which, and what to do.</exception>
    public AutoregressiveTrainer(IHostEnvironment env, TrainerOptions options) =>
        _trainer = new MaskedDiffusionTrainer(env, options, autoregressive: true);

    /// <summary>
    /// Trains a model. Long: see <see cref="TrainerOptions.Progress"/> and <see cref="TrainerOptions.CancellationToken"/>.
    /// </summary>
    /// <param name="input">The training data. Its columns are read once, or twice where a tokenizer is trained on them.</param>
    /// <returns>The trained model, wrapped; the caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or not a text.</exception>
    /// <exception cref="InvalidOperationException">The column holds no text at all.</exception>
    /// <exception cref="TrainingDivergedException">The loss is no longer a number.</exception>
    /// <exception cref="OperationCanceledException">The training was cancelled.</exception>
    public LikelihoodScoringTransformer Fit(IDataView input) => _trainer.Fit(input);

    /// <summary>Trains a model on packed tokens; see <see cref="MaskedDiffusionTrainer.Fit(PackedCorpus)"/>.</summary>
    /// <param name="corpus">The tokens, from <c>LoadPackedTokens</c>; of a block all ids are used, the last as a target only.</param>
    /// <returns>The trained model, wrapped; the caller disposes it.</returns>
    /// <exception cref="InvalidOperationException">
    /// The tokenizer of the options is to be learned from text; or the checkpoints are not this training's.
    /// </exception>
    /// <exception cref="InvalidDataException">
    /// A file is damaged, or holds an id that the tokenizer does not know; or all checkpoints are damaged.
    /// </exception>
    /// <exception cref="TrainingDivergedException">The loss is no longer a number.</exception>
    /// <exception cref="OperationCanceledException">The training was cancelled.</exception>
    public LikelihoodScoringTransformer Fit(PackedCorpus corpus) => _trainer.Fit(corpus);

    /// <summary>Checks the text column and says what the trained transformer's output will look like.</summary>
    /// <param name="inputSchema">The schema of the data to come.</param>
    /// <returns>The schema with the transformer's output columns added.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The text column is missing or not a text.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) => _trainer.GetOutputSchema(inputSchema);
}
