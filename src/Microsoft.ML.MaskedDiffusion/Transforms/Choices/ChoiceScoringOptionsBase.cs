using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Transforms;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// The options of zero-shot multiple choice, whether a question's options stand in a vector (<see cref="ChoiceScoringOptions"/>) or in rows
/// (<see cref="GroupedChoiceScoringOptions"/>). Checked and copied by the estimator; later changes have no effect.
/// </summary>
/// <remarks>
/// Output columns hold one entry for each option: vectors of Single, or a Single in each row. An option that is not there (an empty text,
/// or past the end of a shorter vector) has the lowest finite Single as its score, error 0 and probability 0. Options of the same text have
/// the same score; of equal scores the first is the best.
/// </remarks>
public abstract class ChoiceScoringOptionsBase : ITransformOptions
{
    internal const int MaximumChoices = 4096;

    private protected ChoiceScoringOptionsBase()
    {
    }

    /// <summary>The text column that options continue. Default "Context".</summary>
    [JsonPropertyName("ContextColumnName")]
    public string ContextColumnName { get; set; } = "Context";

    /// <summary>
    /// The column of what options are compared by: log p(option | context) in nats, divided as <see cref="Normalization"/> says. Default
    /// "Score".
    /// </summary>
    [JsonPropertyName("ScoreColumnName")]
    public string ScoreColumnName { get; set; } = "Score";

    /// <summary>The column of the scores' standard errors, in the same unit; 0 where exact. Default "StandardError".</summary>
    [JsonPropertyName("StandardErrorColumnName")]
    public string StandardErrorColumnName { get; set; } = "StandardError";

    /// <summary>The column of log p(option | context) in nats, summed over the option's tokens. Default "LogLikelihood".</summary>
    [JsonPropertyName("LogLikelihoodColumnName")]
    public string LogLikelihoodColumnName { get; set; } = "LogLikelihood";

    /// <summary>
    /// The column of log-likelihoods divided by the options' Unicode characters (lm-evaluation-harness's acc_norm). Default
    /// "LogLikelihoodPerCharacter".
    /// </summary>
    [JsonPropertyName("PerCharacterColumnName")]
    public string PerCharacterColumnName { get; set; } = "LogLikelihoodPerCharacter";

    /// <summary>
    /// The column of log-likelihoods divided by the options' UTF-8 bytes (the harness's acc_bytes). Default "LogLikelihoodPerByte".
    /// </summary>
    [JsonPropertyName("PerByteColumnName")]
    public string PerByteColumnName { get; set; } = "LogLikelihoodPerByte";

    /// <summary>The column of probabilities: the softmax of the scores over the question's options. Default "Probability".</summary>
    [JsonPropertyName("ProbabilityColumnName")]
    public string ProbabilityColumnName { get; set; } = "Probability";

    /// <summary>
    /// The column of the option with the best score. Options in a vector: a key, 1 for the first, 0 (missing) for a row without options;
    /// its key values are the indices from 0, which <c>MapKeyToValue</c> gives. Options in rows: a Boolean, true in the best one's row.
    /// Default "PredictedLabel".
    /// </summary>
    [JsonPropertyName("PredictedLabelColumnName")]
    public string PredictedLabelColumnName { get; set; } = "PredictedLabel";

    /// <summary>
    /// What log-likelihoods are divided by to give the scores, which probabilities and the predicted label go by. Default
    /// <see cref="ChoiceNormalization.None"/>. <see cref="LikelihoodOptions.SeparationZ"/> compares log-likelihoods undivided, whatever
    /// this is: the option that it separates from the others need not be the one of the best score.
    /// </summary>
    [JsonPropertyName("Normalization")]
    public ChoiceNormalization Normalization { get; set; } = ChoiceNormalization.None;

    /// <summary>
    /// Stands between context and option, unless the context is empty. Default one space. Does not count as a part of the option's length.
    /// </summary>
    [JsonPropertyName("Separator")]
    public string Separator { get; set; } = " ";

    /// <summary>What to do with questions that are longer than the model's context. Default <see cref="ContextOverflow.Throw"/>.</summary>
    [JsonPropertyName("ContextOverflow")]
    public ContextOverflow ContextOverflow { get; set; } = ContextOverflow.Throw;

    /// <summary>
    /// What to do with a question that does not fit the model's context, see <see cref="ContextOverflow"/>. Default
    /// <see cref="InvalidRows.Throw"/>; under <see cref="InvalidRows.Skip"/> its scores are NaN and its label is missing.
    /// </summary>
    [JsonPropertyName("InvalidRows")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public InvalidRows InvalidRows { get; set; } = InvalidRows.Throw;

    /// <summary>
    /// Rows read ahead and scored together, 1 to 1048576. Default 16; a question's rows are never parted. Changes speed and memory, not
    /// results.
    /// </summary>
    [JsonPropertyName("BatchSize")]
    public int BatchSize { get; set; } = 16;

    /// <summary>
    /// How likelihoods are estimated. Default: exact-count sampling with 128 masks. The options of a question share their random numbers.
    /// </summary>
    [JsonPropertyName("Likelihood")]
    public LikelihoodOptions Likelihood { get; set; } = new();

    /// <summary>Stops scoring with <see cref="OperationCanceledException"/>. Not saved.</summary>
    [JsonIgnore]
    public CancellationToken CancellationToken { get; set; }

    /// <summary>Told after each batch of a pass over the data; not by prediction engines. Not saved. Default null.</summary>
    [JsonIgnore]
    public IProgress<ScoringProgress>? Progress { get; set; }

    /// <summary>A checked copy.</summary>
    private protected ChoiceScoringOptionsBase CloneChecked()
    {
        OptionCheck.RequireColumnName(ContextColumnName);
        OptionCheck.RequireDefined(Normalization, nameof(Normalization));
        OptionCheck.Require(ContextOverflow is ContextOverflow.Throw or ContextOverflow.KeepEnd, nameof(ContextOverflow), ContextOverflow,
            $"{ContextOverflow.Throw} or {ContextOverflow.KeepEnd}");
        OptionCheck.RequireDefined(InvalidRows, nameof(InvalidRows));
        OptionCheck.RequireObject(Separator, nameof(Separator), "a text; the default is one space, \"\" is none");
        OptionCheck.RequireBatchSize(BatchSize);
        OptionCheck.RequireObject(Likelihood, nameof(Likelihood), "a LikelihoodOptions; leave it unset for the default");
        var copy = (ChoiceScoringOptionsBase)MemberwiseClone();
        copy.Likelihood = Likelihood.Clone();
        return copy;
    }
}

/// <summary>
/// What an option's log-likelihood is divided by before options are compared. Without it long options are less likely only because of their
/// length.
/// </summary>
public enum ChoiceNormalization
{
    /// <summary>Nothing: nats.</summary>
    [JsonStringEnumMemberName("None")]
    None,

    /// <summary>The option's Unicode characters: nats per character (lm-evaluation-harness's acc_norm).</summary>
    [JsonStringEnumMemberName("PerCharacter")]
    PerCharacter,

    /// <summary>The option's UTF-8 bytes: nats per byte (acc_bytes).</summary>
    [JsonStringEnumMemberName("PerByte")]
    PerByte,

    /// <summary>The option's tokens: nats per token.</summary>
    [JsonStringEnumMemberName("PerToken")]
    PerToken,
}
