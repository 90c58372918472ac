using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Transforms;
using Microsoft.ML.MaskedDiffusion.Transforms.Likelihood;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How texts are scored. Checked and copied by the estimator; later changes have no effect.</summary>
public sealed class LikelihoodScoringOptions : ITransformOptions
{
    /// <summary>The text column to score. Default "Text".</summary>
    [JsonPropertyName("TextColumnName")]
    public string TextColumnName { get; set; } = "Text";

    /// <summary>
    /// The text column with what stands before the text: the score is then -log p(text | context). The two are joined by
    /// <see cref="Separator"/> and cut into tokens as lm-evaluation-harness does. Default null: each text is a document of its own.
    /// </summary>
    [JsonPropertyName("ContextColumnName")]
    public string? ContextColumnName { get; set; }

    /// <summary>
    /// Stands between context and text, unless the context is empty. Scored with the text, but no part of its length. Default one space.
    /// Without effect where there is no <see cref="ContextColumnName"/>.
    /// </summary>
    [JsonPropertyName("Separator")]
    public string Separator { get; set; } = " ";

    /// <summary>
    /// What to do with rows whose context and text together are longer than the model's context. Under
    /// <see cref="ContextOverflow.KeepEnd"/> a text that is too long by itself is scored in windows (<see cref="Stride"/>), never cut.
    /// Default <see cref="ContextOverflow.Throw"/>, which it has to be without a <see cref="ContextColumnName"/>: documents are always
    /// scored in windows.
    /// </summary>
    [JsonPropertyName("ContextOverflow")]
    public ContextOverflow ContextOverflow { get; set; } = ContextOverflow.Throw;

    /// <summary>The column of -log p(text), an upper bound, in nats (Single). Default "NegativeLogLikelihood".</summary>
    [JsonPropertyName("NegativeLogLikelihoodColumnName")]
    public string NegativeLogLikelihoodColumnName { get; set; } = "NegativeLogLikelihood";

    /// <summary>The column of its standard error, in nats (Single), 0 where exact. Default "NegativeLogLikelihoodStandardError".</summary>
    [JsonPropertyName("StandardErrorColumnName")]
    public string StandardErrorColumnName { get; set; } = "NegativeLogLikelihoodStandardError";

    /// <summary>The column of the number of scored tokens (Int32). Default "TokenCount".</summary>
    [JsonPropertyName("TokenCountColumnName")]
    public string TokenCountColumnName { get; set; } = "TokenCount";

    /// <summary>
    /// The column of nats per Unicode character of the text (Single), 0 for an empty one. Null for no such column. Default
    /// "NegativeLogLikelihoodPerCharacter".
    /// </summary>
    [JsonPropertyName("PerCharacterColumnName")]
    public string? PerCharacterColumnName { get; set; } = "NegativeLogLikelihoodPerCharacter";

    /// <summary>
    /// The column of nats per UTF-8 byte of the text (Single), 0 for an empty one; divided by ln 2 these are bits per byte. Null for no
    /// such column. Default "NegativeLogLikelihoodPerByte".
    /// </summary>
    [JsonPropertyName("PerByteColumnName")]
    public string? PerByteColumnName { get; set; } = "NegativeLogLikelihoodPerByte";

    /// <summary>
    /// For texts longer than the model's context: each window after the first scores this many new tokens after the tokens before them. 1
    /// to the context length less one; smaller gives more context and costs more. Default null: half the context length.
    /// </summary>
    [JsonPropertyName("Stride")]
    public int? Stride { get; set; }

    /// <summary>
    /// What to do with a row that does not fit the model's context, see <see cref="ContextOverflow"/>. Default
    /// <see cref="InvalidRows.Throw"/>; under <see cref="InvalidRows.Skip"/> its figures are NaN and its token count is 0.
    /// </summary>
    [JsonPropertyName("InvalidRows")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public InvalidRows InvalidRows { get; set; } = InvalidRows.Throw;

    /// <summary>Rows read ahead and scored together, 1 to 1048576. Default 64. Changes speed and memory, not results.</summary>
    [JsonPropertyName("BatchSize")]
    public int BatchSize { get; set; } = 64;

    /// <summary>How likelihoods are estimated. Default: exact-count sampling with 128 masks.</summary>
    [JsonPropertyName("Likelihood")]
    public LikelihoodOptions Likelihood { get; set; } = new();

    /// <summary>Stops scoring with <see cref="OperationCanceledException"/>. Not saved.</summary>
    [JsonIgnore]
    public CancellationToken CancellationToken { get; set; }

    /// <summary>Told after each batch of a pass over the data; not by prediction engines. Not saved. Default null.</summary>
    [JsonIgnore]
    public IProgress<ScoringProgress>? Progress { get; set; }

    internal LikelihoodScoringOptions Clone(TransformerConfig config)
    {
        OptionCheck.RequireColumnName(TextColumnName);
        if (ContextColumnName is not null)
            OptionCheck.RequireColumnName(ContextColumnName);
        OptionCheck.RequireDefined(InvalidRows, nameof(InvalidRows));
        OptionCheck.RequireObject(Separator, nameof(Separator), "a text; the default is one space, \"\" is none");
        bool mayCut = ContextColumnName is not null && ContextOverflow == ContextOverflow.KeepEnd;
        OptionCheck.Require(mayCut || ContextOverflow == ContextOverflow.Throw, nameof(ContextOverflow), ContextOverflow,
            $"{ContextOverflow.Throw}, or with a {nameof(ContextColumnName)} {ContextOverflow.KeepEnd}; documents "
            + "are always scored in windows");
        LikelihoodColumns.Table.CheckNames(this);
        OptionCheck.Require(Stride is null || (Stride >= 1 && Stride < config.ContextLength), nameof(Stride), Stride,
            $"1 to {config.ContextLength - 1} tokens (the model's context length less one), or null for half the context");
        OptionCheck.RequireBatchSize(BatchSize);
        OptionCheck.RequireObject(Likelihood, nameof(Likelihood), "a LikelihoodOptions; leave it unset for the default");
        var copy = (LikelihoodScoringOptions)MemberwiseClone();
        copy.Likelihood = Likelihood.Clone();
        return copy;
    }
}
