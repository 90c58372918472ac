using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Text;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Choices;

/// <summary>
/// The figures of one option: the score that options are compared by and its standard error, the log-likelihood in nats, in nats per
/// character and in nats per byte, and the option's probability among the options of its question.
/// </summary>
internal readonly record struct OptionScore(
    float Score, float StandardError, float LogLikelihood, float PerCharacter, float PerByte, float Probability)
{
    /// <summary>
    /// An option that is not there. Its scores are the lowest finite number, because ML.NET's evaluators drop rows with infinities.
    /// </summary>
    public static OptionScore Absent { get; } = new(float.MinValue, 0, float.MinValue, float.MinValue, float.MinValue, 0);

    /// <summary>An option of a question that does not fit the model.</summary>
    public static OptionScore Unscored { get; } = new(float.NaN, float.NaN, float.NaN, float.NaN, float.NaN, float.NaN);

    /// <summary>The figures of an option whose score is its log-likelihood divided by <paramref name="units"/>.</summary>
    public static OptionScore Of(string option, LikelihoodEstimate estimate, double units, double probability) => new(
        (float)(estimate.LogLikelihood / units),
        (float)(estimate.StandardError / units),
        (float)estimate.LogLikelihood,
        (float)(estimate.LogLikelihood / TextLength.Characters(option)),
        (float)(estimate.LogLikelihood / TextLength.Bytes(option)),
        (float)probability);
}

/// <summary>The scores of a question's options.</summary>
/// <param name="Options">One entry for each place that an option may have.</param>
/// <param name="PredictedLabel">The best option: 1 for the first, 0 where there is no option.</param>
/// <param name="PredictedText">The text of the best option; empty where there is none.</param>
internal sealed record ChoiceResult(OptionScore[] Options, uint PredictedLabel, string PredictedText);

/// <summary>The scores of an option that stands in a row of its own, and whether it is the best of its question.</summary>
internal readonly record struct GroupedChoiceResult(OptionScore Option, bool Predicted);

/// <summary>
/// What the choice transforms add: the same figures in vectors, one entry for each option, or in rows, one row for each option.
/// </summary>
internal static class ChoiceColumns
{
    /// <summary>The figures of an option, in the order of the columns.</summary>
    public static IReadOnlyList<ChoiceColumn> Figures { get; } =
    [
        new(nameof(ChoiceScoringOptionsBase.ScoreColumnName), options => options.ScoreColumnName,
            ChoiceOutput.ScoreName, option => option.Score, (output, values) => output.Score = values),
        new(nameof(ChoiceScoringOptionsBase.StandardErrorColumnName), options => options.StandardErrorColumnName,
            ChoiceOutput.ErrorName, option => option.StandardError, (output, values) => output.Error = values),
        new(nameof(ChoiceScoringOptionsBase.LogLikelihoodColumnName), options => options.LogLikelihoodColumnName,
            ChoiceOutput.LikelihoodName, option => option.LogLikelihood, (output, values) => output.LogLikelihood = values),
        new(nameof(ChoiceScoringOptionsBase.PerCharacterColumnName), options => options.PerCharacterColumnName,
            ChoiceOutput.PerCharacterName, option => option.PerCharacter, (output, values) => output.PerCharacter = values),
        new(nameof(ChoiceScoringOptionsBase.PerByteColumnName), options => options.PerByteColumnName,
            ChoiceOutput.PerByteName, option => option.PerByte, (output, values) => output.PerByte = values),
        new(nameof(ChoiceScoringOptionsBase.ProbabilityColumnName), options => options.ProbabilityColumnName,
            ChoiceOutput.ProbabilityName, option => option.Probability, (output, values) => output.Probability = values),
    ];

    /// <summary>The columns of options in vectors. The options need their <see cref="ChoiceScoringOptions.ChoiceCount"/>.</summary>
    public static OutputTable<ChoiceScoringOptions, ChoiceResult> Vectors { get; } = MakeVectors();

    /// <summary>The columns of options in rows.</summary>
    public static OutputTable<GroupedChoiceScoringOptions, GroupedChoiceResult> Rows { get; } = MakeRows();

    private static OutputTable<ChoiceScoringOptions, ChoiceResult> MakeVectors()
    {
        static int Count(ChoiceScoringOptions options) => options.ChoiceCount!.Value;
        var table = new OutputTable<ChoiceScoringOptions, ChoiceResult>();
        foreach (ChoiceColumn figure in Figures)
            table.Vector(figure.Option, figure.Name, figure.StoredName, Count, result => [.. result.Options.Select(figure.Read)]);
        return table
            .Key(nameof(ChoiceScoringOptions.PredictedLabelColumnName), options => options.PredictedLabelColumnName,
                ChoiceOutput.LabelName, Count, result => result.PredictedLabel)
            .Text(nameof(ChoiceScoringOptions.PredictedTextColumnName), options => options.PredictedTextColumnName,
                ChoiceTextOutput.TextName, result => result.PredictedText, isOptional: true);
    }

    private static OutputTable<GroupedChoiceScoringOptions, GroupedChoiceResult> MakeRows()
    {
        var table = new OutputTable<GroupedChoiceScoringOptions, GroupedChoiceResult>();
        foreach (ChoiceColumn figure in Figures)
            table.Single(figure.Option, figure.Name, figure.StoredName, result => figure.Read(result.Option));
        return table.Boolean(nameof(GroupedChoiceScoringOptions.PredictedLabelColumnName), options => options.PredictedLabelColumnName,
            GroupedChoiceOutput.PredictedName, result => result.Predicted);
    }
}

/// <summary>A figure of an option.</summary>
/// <param name="Option">The option that names its column.</param>
/// <param name="Name">Reads that option.</param>
/// <param name="StoredName">The column of the saved mapping. It is part of the file format and never changes.</param>
/// <param name="Read">The figure.</param>
/// <param name="Store">Puts the figures of all options into the saved mapping's column.</param>
internal sealed record ChoiceColumn(
    string Option,
    Func<ChoiceScoringOptionsBase, string> Name,
    string StoredName,
    Func<OptionScore, float> Read,
    Action<ChoiceOutput, float[]> Store);

/// <summary>What the saved mapping of options in vectors reads of a row.</summary>
internal sealed class ChoiceInput : SavedInput
{
    public const string ContextName = "__mdm_context", ChoicesName = "__mdm_choices";

    [ColumnName(ContextName)]
    public ReadOnlyMemory<char> Context { get; set; }

    [ColumnName(ChoicesName)]
    public VBuffer<ReadOnlyMemory<char>> Choices { get; set; }
}

/// <summary>What the saved mapping of options in vectors adds.</summary>
internal class ChoiceOutput
{
    public const string ScoreName = "__mdm_score", ErrorName = "__mdm_error", LikelihoodName = "__mdm_likelihood";
    public const string PerCharacterName = "__mdm_character", PerByteName = "__mdm_byte";
    public const string ProbabilityName = "__mdm_probability", LabelName = "__mdm_label";

    [ColumnName(ScoreName)]
    public float[] Score { get; set; } = [];

    [ColumnName(ErrorName)]
    public float[] Error { get; set; } = [];

    [ColumnName(LikelihoodName)]
    public float[] LogLikelihood { get; set; } = [];

    [ColumnName(PerCharacterName)]
    public float[] PerCharacter { get; set; } = [];

    [ColumnName(PerByteName)]
    public float[] PerByte { get; set; } = [];

    [ColumnName(ProbabilityName)]
    public float[] Probability { get; set; } = [];

    [ColumnName(LabelName)]
    public int Label { get; set; }
}

/// <summary>The same with the text of the best option.</summary>
internal sealed class ChoiceTextOutput : ChoiceOutput
{
    public const string TextName = "__mdm_text";

    [ColumnName(TextName)]
    public ReadOnlyMemory<char> Text { get; set; }
}

/// <summary>Scores single rows of a saved transform of options in vectors, as the first builds saved them: without the text.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class FirstChoiceMapping() : SavedMapping<ChoiceInput, ChoiceOutput, ChoiceScoringOptions, ChoiceComputation>(
    ChoiceMapping.Kind, Contract, (model, options) => new ChoiceComputation(model, options))
{
    private const string Contract = "Microsoft.ML.MaskedDiffusion.Choices";

    protected override void Map(ChoiceComputation computation, ChoiceInput input, ChoiceOutput output) =>
        ChoiceMapping.Score(computation, input, output);
}

/// <summary>Scores single rows of a saved transform of options in vectors.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class ChoiceMapping() : SavedMapping<ChoiceInput, ChoiceTextOutput, ChoiceScoringOptions, ChoiceComputation>(
    Kind, Contract, (model, options) => new ChoiceComputation(model, options))
{
    public const string Kind = "choices";

    private const string Contract = "Microsoft.ML.MaskedDiffusion.ChoicesWithText";

    public static ChoiceMapping Instance { get; } = new();

    /// <summary>Scores a row, and returns its result.</summary>
    public static ChoiceResult Score(ChoiceComputation computation, ChoiceInput input, ChoiceOutput output)
    {
        var row = new ChoiceRow(input.Context.ToString(), [.. input.Choices.DenseValues().Select(text => text.ToString())]);
        ChoiceResult result = computation.Compute([row], CancellationToken.None)[0];
        foreach (ChoiceColumn figure in ChoiceColumns.Figures)
            figure.Store(output, [.. result.Options.Select(figure.Read)]);
        output.Label = (int)result.PredictedLabel;
        return result;
    }

    protected override void Map(ChoiceComputation computation, ChoiceInput input, ChoiceTextOutput output) =>
        output.Text = Score(computation, input, output).PredictedText.AsMemory();
}

/// <summary>What the saved mapping of options in rows reads of a row.</summary>
internal sealed class GroupedChoiceInput : SavedInput
{
    public const string ContextName = "__mdm_context", ChoiceName = "__mdm_choice";

    [ColumnName(ContextName)]
    public ReadOnlyMemory<char> Context { get; set; }

    [ColumnName(ChoiceName)]
    public ReadOnlyMemory<char> Choice { get; set; }
}

/// <summary>The columns that the saved mapping of options in rows has.</summary>
internal sealed class GroupedChoiceOutput
{
    public const string PredictedName = "__mdm_predicted";

    [ColumnName(ChoiceOutput.ScoreName)]
    public float Score { get; set; }

    [ColumnName(ChoiceOutput.ErrorName)]
    public float Error { get; set; }

    [ColumnName(ChoiceOutput.LikelihoodName)]
    public float LogLikelihood { get; set; }

    [ColumnName(ChoiceOutput.PerCharacterName)]
    public float PerCharacter { get; set; }

    [ColumnName(ChoiceOutput.PerByteName)]
    public float PerByte { get; set; }

    [ColumnName(ChoiceOutput.ProbabilityName)]
    public float Probability { get; set; }

    [ColumnName(PredictedName)]
    public bool Predicted { get; set; }
}

/// <summary>
/// Carries options in rows through save and load. A custom mapping sees one row at a time and so cannot score a group: it only says how to
/// load the transform.
/// </summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class GroupedChoiceMapping()
    : SavedMapping<GroupedChoiceInput, GroupedChoiceOutput, GroupedChoiceScoringOptions, GroupedChoiceComputation>(
        Kind, Contract, (model, options) => new GroupedChoiceComputation(model, options))
{
    public const string Kind = "grouped choices";

    private const string Contract = "Microsoft.ML.MaskedDiffusion.GroupedChoices";

    public static GroupedChoiceMapping Instance { get; } = new();

    // ML.NET asks for the mapping while it loads, which is the moment to say that it cannot be used. LoadModel puts the transform itself in
    // its place.
    public override Action<GroupedChoiceInput, GroupedChoiceOutput> GetMapping() =>
        CarrierLocation.Current is null ? throw NotByRow() : MappingToSave();

    protected override Action<GroupedChoiceInput, GroupedChoiceOutput> MappingToSave() => (_, _) => throw NotByRow();

    protected override void Map(GroupedChoiceComputation computation, GroupedChoiceInput input, GroupedChoiceOutput output) =>
        throw NotByRow();

    private static NotSupportedException NotByRow() => new(
        "Options in rows are scored a group at a time, and what ml.Model.Load gives maps single rows. Load the file with "
        + "ml.MaskedDiffusion().LoadModel(path, out schema).");
}
