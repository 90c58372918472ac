using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Transforms;
using Microsoft.ML.MaskedDiffusion.Transforms.Infilling;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How gaps are filled. Checked and copied by the estimator; later changes have no effect.</summary>
public sealed class InfillOptions : ITransformOptions
{
    /// <summary>
    /// The text column with gaps: [MASK] is a gap of one token, [MASK*5] one of five; \[MASK] is plain text. Default "Text".
    /// </summary>
    [JsonPropertyName("InputColumnName")]
    public string InputColumnName { get; set; } = "Text";

    /// <summary>The column of the texts without gaps. Default "Filled".</summary>
    [JsonPropertyName("OutputColumnName")]
    public string OutputColumnName { get; set; } = "Filled";

    /// <summary>How tokens are chosen. Default: the most confident first, greedily.</summary>
    [JsonPropertyName("Sampling")]
    public SamplingOptions Sampling { get; set; } = new();

    /// <summary>
    /// What to do with a text that is longer than the model's context, or has a gap of an impossible size. Default
    /// <see cref="InvalidRows.Throw"/>; under <see cref="InvalidRows.Skip"/> the text stays as it is, gaps included.
    /// </summary>
    [JsonPropertyName("InvalidRows")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public InvalidRows InvalidRows { get; set; } = InvalidRows.Throw;

    /// <summary>Rows read ahead and filled together, 1 to 1048576. Default 32. Changes speed and memory, not results.</summary>
    [JsonPropertyName("BatchSize")]
    public int BatchSize { get; set; } = 32;

    /// <summary>Stops filling with <see cref="OperationCanceledException"/>. Not saved.</summary>
    [JsonIgnore]
    public CancellationToken CancellationToken { get; set; }

    /// <summary>Told after each batch of a pass over the data; not by prediction engines. Not saved. Default null.</summary>
    [JsonIgnore]
    public IProgress<ScoringProgress>? Progress { get; set; }

    internal InfillOptions Clone()
    {
        OptionCheck.RequireColumnName(InputColumnName);
        InfillColumns.Table.CheckNames(this);
        OptionCheck.RequireDefined(InvalidRows, nameof(InvalidRows));
        OptionCheck.RequireBatchSize(BatchSize);
        OptionCheck.RequireObject(Sampling, nameof(Sampling), "a SamplingOptions; leave it unset for the default");
        var copy = (InfillOptions)MemberwiseClone();
        copy.Sampling = Sampling.Clone();
        return copy;
    }
}
