using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Choices;

/// <summary>What the saved mapping of grouped choices reads of a row.</summary>
internal sealed class GroupedChoiceInput
{
    public const string ContextName = "__mdm_context", ChoiceName = "__mdm_choice";

    [ColumnName(CarrierNames.Blob)]
    public VBuffer<ReadOnlyMemory<char>> Blob { get; set; }

    [ColumnName(ContextName)]
    public ReadOnlyMemory<char> Context { get; set; }

    [ColumnName(ChoiceName)]
    public ReadOnlyMemory<char> Choice { get; set; }
}

/// <summary>The columns that the saved mapping of grouped choices has.</summary>
internal sealed class GroupedChoiceOutput
{
    [ColumnName("__mdm_score")]
    public float Score { get; set; }

    [ColumnName("__mdm_error")]
    public float Error { get; set; }

    [ColumnName("__mdm_likelihood")]
    public float LogLikelihood { get; set; }

    [ColumnName("__mdm_character")]
    public float PerCharacter { get; set; }

    [ColumnName("__mdm_byte")]
    public float PerByte { get; set; }

    [ColumnName("__mdm_probability")]
    public float Probability { get; set; }

    [ColumnName("__mdm_predicted")]
    public bool Predicted { get; set; }

    /// <summary>The names, in the order of the transformer's outputs.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["__mdm_score", "__mdm_error", "__mdm_likelihood", "__mdm_character", "__mdm_byte", "__mdm_probability", "__mdm_predicted"];
}

/// <summary>Carries grouped choices through save and load. A custom mapping sees one row at a time, so it can only say how to load what it carries.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class GroupedChoiceMapping : CustomMappingFactory<GroupedChoiceInput, GroupedChoiceOutput>
{
    public const string Kind = "grouped choices";

    private const string Contract = "Microsoft.ML.MaskedDiffusion.GroupedChoices";

    public static IEstimator<ITransformer> Estimator(MLContext ml) => ml.Transforms.CustomMapping(new GroupedChoiceMapping().GetMapping(), Contract);

    public static LoadedComputation<GroupedChoiceComputation> Load(CarrierContents contents) => SavedModels.Load(
        contents, Kind, (model, settings) => new GroupedChoiceComputation(model, SavedOptions.Read<GroupedChoiceScoringEstimator.Options>(settings)));

    public override Action<GroupedChoiceInput, GroupedChoiceOutput> GetMapping() => (_, _) => throw new NotSupportedException(
        "Options in rows are scored a group at a time, and what ml.Model.Load gives maps single rows. Load the file with ml.MaskedDiffusion().LoadModel(path, out schema), or pass what was loaded to ml.MaskedDiffusion().Unwrap.");
}
