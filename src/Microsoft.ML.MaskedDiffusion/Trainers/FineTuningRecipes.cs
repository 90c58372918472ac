
namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// The options with which "Scaling up Masked Diffusion Models on Text" (Nie et al., 2024) fine-tunes, for rows of
/// <see cref="FineTuningReader"/>: columns "Prompt" and "Answer", learning rate 2e-4 down to 2e-5, AdamW as in pre-training. Change what is
/// returned as you like; the last step is filled up, where SMDM leaves it out.
/// </summary>
public static class FineTuningRecipes
{
    /// <summary>
    /// ShareGPT: 3 epochs in batches of 256, warm-up of 200 steps, answers padded to the longest row of the micro batch, rows of at most
    /// the context. An autoregressive model is trained without padding.
    /// </summary>
    /// <param name="model">The model to go on from; it stays the caller's.</param>
    /// <param name="guidanceDropout">
    /// 0, the default, for unsupervised classifier-free guidance; SMDM's 0.1 for the standard one. Masked diffusion models only.
    /// </param>
    public static TrainerOptions ShareGpt(MaskedDiffusionModel model, double guidanceDropout = 0)
    {
        TrainerOptions options = Shared(model, epochs: 3, batchSize: 256);
        (options.Rows.PromptColumnName, options.Optimizer.WarmupSteps, options.Noise.GuidanceDropout) = ("Prompt", 200, guidanceDropout);
        options.Rows.Padding = model.Config.Autoregressive ? RowPadding.None : RowPadding.Longest;
        return options;
    }

    /// <summary>
    /// GSM8K: 40 epochs in batches of 256, warm-up of 1 % of the run, rows of at most 256 tokens, answers padded to as many. SMDM's file
    /// has 384,620 augmented questions, which make 120,193 steps. A smaller file makes fewer, and below 10,000 the warm-up is longer than
    /// SMDM's 1 %: 100 steps, or a tenth of a run below 1,000 steps. Set <see cref="OptimizerOptions.WarmupSteps"/> for another.
    /// </summary>
    /// <param name="model">The masked diffusion model to go on from; it stays the caller's.</param>
    public static TrainerOptions Gsm8k(MaskedDiffusionModel model)
    {
        TrainerOptions options = Shared(model, epochs: 40, batchSize: 256);
        (options.Rows.PromptColumnName, options.Rows.ReasoningColumnName) = ("Prompt", "Reasoning");
        (options.Rows.Padding, options.Rows.MaxLength, options.Compute.MicroBatchSize) =
            (RowPadding.Full, Math.Min(256, model.Config.ContextLength), 16);
        return options;
    }

    /// <summary>
    /// The reversal curse: 10 epochs in batches of 64, warm-up of 200 steps, whole texts noised, padded to the longest row of the micro
    /// batch.
    /// </summary>
    /// <param name="model">The masked diffusion model to go on from; it stays the caller's.</param>
    public static TrainerOptions Reversal(MaskedDiffusionModel model)
    {
        TrainerOptions options = Shared(model, epochs: 10, batchSize: 64);
        (options.Rows.PackDocuments, options.Rows.Padding, options.Optimizer.WarmupSteps) = (false, RowPadding.Longest, 200);
        options.Compute.MicroBatchSize = Math.Min(options.Compute.MicroBatchSize!.Value, 8);
        return options;
    }

    private static TrainerOptions Shared(MaskedDiffusionModel model, double epochs, int batchSize)
    {
        ArgumentNullException.ThrowIfNull(model);
        long millions = model.Config.NonEmbeddingParameterCount / 1_000_000;
        return new TrainerOptions
        {
            InitialModel = model,
            TextColumnName = "Answer",
            Budget = { MaxEpochs = epochs },
            Rows = { LossDivisor = LossDivisor.MicroBatch },
            BatchSize = batchSize,
            Noise = { UniformShare = model.Config.UniformShare },
            Compute = { MicroBatchSize = millions <= 50 ? 16 : millions <= 1000 || model.Config.Autoregressive ? 8 : 4 },
            LearningRate = 2e-4,
        };
    }
}
