using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Infilling;

/// <summary>What the infill transform adds to a row.</summary>
internal static class InfillColumns
{
    public static OutputTable<InfillOptions, string> Table { get; } = new OutputTable<InfillOptions, string>()
        .Text(nameof(InfillOptions.OutputColumnName), options => options.OutputColumnName, InfillOutput.FilledName, text => text);
}

/// <summary>What the saved mapping reads of a row.</summary>
internal sealed class InfillInput : SavedInput
{
    public const string TextName = "__mdm_text";

    [ColumnName(TextName)]
    public ReadOnlyMemory<char> Text { get; set; }
}

/// <summary>What the saved mapping adds.</summary>
internal sealed class InfillOutput
{
    public const string FilledName = "__mdm_filled";

    [ColumnName(FilledName)]
    public string Filled { get; set; } = "";
}

/// <summary>Fills single rows of a saved transform.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class InfillMapping() : SavedMapping<InfillInput, InfillOutput, InfillOptions, InfillComputation>(
    Kind, Contract, (model, options) => new InfillComputation(model, options))
{
    public const string Kind = "infill";

    private const string Contract = "Microsoft.ML.MaskedDiffusion.Infill";

    public static InfillMapping Instance { get; } = new();

    protected override void Map(InfillComputation computation, InfillInput input, InfillOutput output) =>
        output.Filled = computation.Compute([input.Text.ToString()], CancellationToken.None)[0];
}
