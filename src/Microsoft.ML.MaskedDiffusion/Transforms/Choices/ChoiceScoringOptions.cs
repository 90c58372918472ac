using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Transforms.Choices;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How options that stand in a vector are scored. Checked and copied by the estimator; later changes have no effect.</summary>
public sealed class ChoiceScoringOptions : ChoiceScoringOptionsBase, IJsonOnDeserializing
{
    /// <summary>The column of options, a vector of text. Default "Choices".</summary>
    [JsonPropertyName("ChoicesColumnName")]
    public string ChoicesColumnName { get; set; } = "Choices";

    /// <summary>The column of the best option's text; null for none. Default "PredictedText".</summary>
    [JsonPropertyName("PredictedTextColumnName")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PredictedTextColumnName { get; set; } = "PredictedText";

    /// <summary>
    /// The size of the score vectors: the most options a row may have, 2 to 4096. Default null: the size of the options column where its
    /// type has one, or else the most options of any row of the data given to Fit, which is read for that.
    /// </summary>
    [JsonPropertyName("ChoiceCount")]
    public int? ChoiceCount { get; set; }

    // Transformers that were saved before this column existed keep their columns.
    void IJsonOnDeserializing.OnDeserializing() => PredictedTextColumnName = null;

    internal ChoiceScoringOptions Clone()
    {
        OptionCheck.RequireColumnName(ChoicesColumnName);
        OptionCheck.Require(ChoiceCount is null or (>= 2 and <= MaximumChoices), nameof(ChoiceCount), ChoiceCount,
            $"2 to {MaximumChoices}, or null to take it from the column or the data");
        ChoiceColumns.Vectors.CheckNames(this);
        return (ChoiceScoringOptions)CloneChecked();
    }

    // The same options with a size that was found in the data.
    internal ChoiceScoringOptions With(int choiceCount)
    {
        var copy = (ChoiceScoringOptions)MemberwiseClone();
        copy.ChoiceCount = choiceCount;
        return copy;
    }
}
