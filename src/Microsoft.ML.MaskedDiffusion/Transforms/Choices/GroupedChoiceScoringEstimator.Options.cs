using Microsoft.ML.MaskedDiffusion.Transforms;

namespace Microsoft.ML.MaskedDiffusion;

public sealed partial class GroupedChoiceScoringEstimator
{
    /// <summary>How options that stand in rows are scored. Checked and copied by the estimator; later changes have no effect.</summary>
    public sealed class Options : ChoiceScoringOptions
    {
        /// <summary>The text column of options, one a row. Default "Choice".</summary>
        public string ChoiceColumnName { get; set; } = "Choice";

        /// <summary>The column that says which rows are the options of one question: a text, date, truth value, number or key. Default "Group".</summary>
        public string GroupColumnName { get; set; } = "Group";

        internal Options Clone()
        {
            OptionChecks.RequireName(nameof(ChoiceColumnName), ChoiceColumnName);
            OptionChecks.RequireName(nameof(GroupColumnName), GroupColumnName);
            return (Options)CloneChecked();
        }
    }
}
