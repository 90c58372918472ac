using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Transforms;

public sealed partial class ChoiceScoringEstimator
{
    /// <summary>How options are scored. Checked and copied by the estimator; later changes have no effect.</summary>
    public sealed class Options
    {
        /// <summary>The text column that options continue. Default "Context".</summary>
        public string ContextColumnName { get; set; } = "Context";

        /// <summary>The column of options, a vector of text. Default "Choices".</summary>
        public string ChoicesColumnName { get; set; } = "Choices";

        /// <summary>
        /// The column of scores: log p(option | context) in nats, divided as <see cref="Normalization"/> says (Vector of Single). An option that is not there has
        /// the lowest finite Single. Default "Score".
        /// </summary>
        public string ScoreColumnName { get; set; } = "Score";

        /// <summary>The column of the scores' standard errors, in the same unit; 0 where exact or not there. Default "StandardError".</summary>
        public string StandardErrorColumnName { get; set; } = "StandardError";

        /// <summary>The column of probabilities: the softmax of the scores over the row's options, 0 for those not there. Default "Probability".</summary>
        public string ProbabilityColumnName { get; set; } = "Probability";

        /// <summary>The column of the best option: a key, 1 for the first, 0 (missing) for a row without options. Default "PredictedLabel".</summary>
        public string PredictedLabelColumnName { get; set; } = "PredictedLabel";

        /// <summary>
        /// The size of the score vectors: the most options a row may have, 2 to 4096. Default null: the size of the options column where its type has
        /// one, or else the most options of any row of the data given to Fit, which is read for that.
        /// </summary>
        public int? ChoiceCount { get; set; }

        /// <summary>What scores are divided by. Default <see cref="ChoiceNormalization.None"/>.</summary>
        public ChoiceNormalization Normalization { get; set; } = ChoiceNormalization.None;

        /// <summary>Stands between context and option, unless the context is empty. Default one space. Does not count as a part of the option's length.</summary>
        public string Separator { get; set; } = " ";

        /// <summary>What to do with rows that are longer than the model's context. Default <see cref="ContextOverflow.Throw"/>.</summary>
        public ContextOverflow ContextOverflow { get; set; } = ContextOverflow.Throw;

        /// <summary>Rows read ahead and scored together, 1 to 1048576. Default 16. Changes speed and memory, not results.</summary>
        public int BatchSize { get; set; } = 16;

        /// <summary>How likelihoods are estimated. Default: exact-count sampling with 128 masks. The options of a row share their random numbers.</summary>
        public LikelihoodOptions Likelihood { get; set; } = new();

        /// <summary>Stops scoring with <see cref="OperationCanceledException"/>. Not saved.</summary>
        [JsonIgnore]
        public CancellationToken CancellationToken { get; set; }

        /// <summary>Told after each batch of a pass over the data; not by prediction engines. Not saved. Default null.</summary>
        [JsonIgnore]
        public IProgress<ScoringProgress>? Progress { get; set; }

        internal Options Clone()
        {
            OptionChecks.RequireName(nameof(ContextColumnName), ContextColumnName);
            OptionChecks.RequireName(nameof(ChoicesColumnName), ChoicesColumnName);
            OptionChecks.RequireNames(
                (nameof(ScoreColumnName), ScoreColumnName), (nameof(StandardErrorColumnName), StandardErrorColumnName),
                (nameof(ProbabilityColumnName), ProbabilityColumnName), (nameof(PredictedLabelColumnName), PredictedLabelColumnName));
            OptionChecks.Require(ChoiceCount is null or (>= 2 and <= MaximumChoices), nameof(ChoiceCount), ChoiceCount,
                $"2 to {MaximumChoices}, or null to take it from the column or the data");
            OptionChecks.Require(Enum.IsDefined(Normalization), nameof(Normalization), Normalization, $"one of {string.Join(", ", Enum.GetNames<ChoiceNormalization>())}");
            OptionChecks.Require(Enum.IsDefined(ContextOverflow), nameof(ContextOverflow), ContextOverflow, $"one of {string.Join(", ", Enum.GetNames<ContextOverflow>())}");
            OptionChecks.RequireObject(nameof(Separator), Separator, "a text; the default is one space, \"\" is none");
            OptionChecks.RequireBatchSize(BatchSize);
            OptionChecks.RequireObject(nameof(Likelihood), Likelihood, "a LikelihoodOptions; leave it unset for the default");
            var copy = (Options)MemberwiseClone();
            copy.Likelihood = Likelihood.Clone();
            return copy;
        }

        // The same with a size found by looking at the data.
        internal Options With(int choiceCount)
        {
            var copy = (Options)MemberwiseClone();
            copy.ChoiceCount = choiceCount;
            return copy;
        }
    }
}
