using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Transforms.Choices;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How options that stand in rows are scored. Checked and copied by the estimator; later changes have no effect.</summary>
public sealed class GroupedChoiceScoringOptions : ChoiceScoringOptionsBase
{
    /// <summary>The text column of options, one a row. Default "Choice".</summary>
    public string ChoiceColumnName { get; set; } = "Choice";

    /// <summary>
    /// The column that says which rows are the options of one question: a text, date, truth value, number or key. Default "Group".
    /// </summary>
    public string GroupColumnName { get; set; } = "Group";

    internal GroupedChoiceScoringOptions Clone()
    {
        OptionCheck.RequireColumnName(ChoiceColumnName);
        OptionCheck.RequireColumnName(GroupColumnName);
        ChoiceColumns.Rows.CheckNames(this);
        return (GroupedChoiceScoringOptions)CloneChecked();
    }
}
