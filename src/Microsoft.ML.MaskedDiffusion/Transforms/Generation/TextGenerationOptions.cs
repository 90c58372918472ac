using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Transforms;
using Microsoft.ML.MaskedDiffusion.Transforms.Generation;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How texts are written for a column of prompts. Checked and copied by the estimator; later changes have no effect.</summary>
public sealed class TextGenerationOptions : ITransformOptions
{
    /// <summary>The text column with the prompts, plain text as the tokenizer reads it. Default "Prompt".</summary>
    [JsonPropertyName("PromptColumnName")]
    public string PromptColumnName { get; set; } = "Prompt";

    /// <summary>The column of the written texts, without the prompts. Default "Completion".</summary>
    [JsonPropertyName("OutputColumnName")]
    public string OutputColumnName { get; set; } = "Completion";

    /// <summary>
    /// The column of <see cref="GeneratedText.LogProbability"/> in nats, a Single. Default "LogProbability"; null for none.
    /// </summary>
    [JsonPropertyName("LogProbabilityColumnName")]
    public string? LogProbabilityColumnName { get; set; } = "LogProbability";

    /// <summary>
    /// The column of the number of tokens written, an Int32; an end of text counts. Default "CompletionTokenCount"; null for none.
    /// </summary>
    [JsonPropertyName("TokenCountColumnName")]
    public string? TokenCountColumnName { get; set; } = "CompletionTokenCount";

    /// <summary>The column of <see cref="GeneratedText.StepCount"/>, an Int32. Default "StepCount"; null for none.</summary>
    [JsonPropertyName("StepCountColumnName")]
    public string? StepCountColumnName { get; set; } = "StepCount";

    /// <summary>The column of <see cref="GeneratedText.NetworkRowCount"/>, an Int32. Default "NetworkRowCount"; null for none.</summary>
    [JsonPropertyName("NetworkRowCountColumnName")]
    public string? NetworkRowCountColumnName { get; set; } = "NetworkRowCount";

    /// <summary>
    /// The column of the name of the <see cref="FinishReason"/>, a text. Default "FinishReason"; null for none.
    /// </summary>
    [JsonPropertyName("FinishReasonColumnName")]
    public string? FinishReasonColumnName { get; set; } = "FinishReason";

    /// <summary>How to write. Default: at most 128 tokens of free text; see <see cref="GenerationOptions.MaxNewTokens"/>.</summary>
    [JsonPropertyName("Generation")]
    public GenerationOptions Generation { get; set; } = new();

    /// <summary>Rows read ahead and written together, 1 to 1048576. Default 32. Changes speed and memory, not results.</summary>
    [JsonPropertyName("BatchSize")]
    public int BatchSize { get; set; } = 32;

    /// <summary>Stops with <see cref="OperationCanceledException"/>; rows read before keep their texts. Not saved.</summary>
    [JsonIgnore]
    public CancellationToken CancellationToken { get; set; }

    /// <summary>Told after each batch of a pass over the data; not by prediction engines. Not saved. Default null.</summary>
    [JsonIgnore]
    public IProgress<ScoringProgress>? Progress { get; set; }

    /// <summary>
    /// Told after each step how many rows and tokens of the current batch are written; not by prediction engines. Not saved. Default null.
    /// </summary>
    [JsonIgnore]
    public IProgress<GenerationProgress>? BatchProgress { get; set; }

    internal TextGenerationOptions Clone()
    {
        OptionCheck.RequireColumnName(PromptColumnName);
        TextGenerationColumns.Table.CheckNames(this);
        OptionCheck.RequireBatchSize(BatchSize);
        OptionCheck.RequireObject(Generation, nameof(Generation), "a GenerationOptions; leave it unset for the default");
        var copy = (TextGenerationOptions)MemberwiseClone();
        copy.Generation = Generation.Clone();
        OptionCheck.Require(!copy.Generation.Sampling.SharesStepsAmongRows, "Generation.Sampling.SharesStepsAmongRows", true,
            "false in a transform, whose rows do not depend on each other; TextGenerator can do it");
        return copy;
    }
}
