using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Infilling;

/// <summary>What the saved mapping reads of a row.</summary>
internal class InfillInput : SavedInput
{
    public const string TextName = "__mdm_text";

    [ColumnName(TextName)]
    public ReadOnlyMemory<char> Text { get; set; }
}

/// <summary>The same with candidates.</summary>
internal sealed class InfillCandidatesInput : InfillInput
{
    public const string CandidatesName = "__mdm_candidates";

    [ColumnName(CandidatesName)]
    public VBuffer<ReadOnlyMemory<char>> Candidates { get; set; }
}

/// <summary>What the saved mapping adds.</summary>
internal class InfillOutput
{
    public const string FilledName = "__mdm_filled";

    [ColumnName(FilledName)]
    public string Filled { get; set; } = "";
}

/// <summary>What the saved mappings with further columns add.</summary>
internal sealed class InfillDetailsOutput : InfillOutput
{
    public const string LogProbabilityName = "__mdm_logprobability", SamplesName = "__mdm_samples";
    public const string SampleLogProbabilitiesName = "__mdm_samplelogprobabilities", ErrorName = "__mdm_error";

    [ColumnName(LogProbabilityName)]
    public float LogProbability { get; set; }

    [ColumnName(SamplesName)]
    public string[] Samples { get; set; } = [];

    [ColumnName(SampleLogProbabilitiesName)]
    public float[] SampleLogProbabilities { get; set; } = [];

    [ColumnName(ErrorName)]
    public string Error { get; set; } = "";

    /// <summary>Takes a row's result.</summary>
    public void Set(FilledText filled)
    {
        Filled = filled.Text;
        LogProbability = (float)filled.LogProbability;
        Samples = InfillColumns.SamplesOf(filled);
        SampleLogProbabilities = InfillColumns.LogProbabilitiesOf(filled);
        Error = filled.Error ?? "";
    }
}

/// <summary>Fills single rows of a saved transform that adds the filled text alone.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class InfillMapping() : SavedMapping<InfillInput, InfillOutput, InfillOptions, InfillComputation>(
    Kind, Contract, (model, options) => new InfillComputation(model, options))
{
    public const string Kind = "infill";

    private const string Contract = "Microsoft.ML.MaskedDiffusion.Infill";

    public static InfillMapping Instance { get; } = new();

    protected override void Map(InfillComputation computation, InfillInput input, InfillOutput output) =>
        output.Filled = Fill(computation, input.Text, computation.Options.Candidates).Text;

    /// <summary>Fills a row.</summary>
    public static FilledText Fill(InfillComputation computation, ReadOnlyMemory<char> text, IReadOnlyList<string>? candidates) =>
        computation.Compute([new GappedText(text.ToString(), candidates)], CancellationToken.None)[0];
}

/// <summary>Fills single rows of a saved transform that adds further columns.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class InfillDetailsMapping() : SavedMapping<InfillInput, InfillDetailsOutput, InfillOptions, InfillComputation>(
    InfillMapping.Kind, Contract, (model, options) => new InfillComputation(model, options))
{
    private const string Contract = "Microsoft.ML.MaskedDiffusion.InfillWithDetails";

    public static InfillDetailsMapping Instance { get; } = new();

    protected override void Map(InfillComputation computation, InfillInput input, InfillDetailsOutput output) =>
        output.Set(InfillMapping.Fill(computation, input.Text, computation.Options.Candidates));
}

/// <summary>Fills single rows of a saved transform that reads candidates of each row.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class InfillCandidatesMapping()
    : SavedMapping<InfillCandidatesInput, InfillDetailsOutput, InfillOptions, InfillComputation>(
        InfillMapping.Kind, Contract, (model, options) => new InfillComputation(model, options))
{
    private const string Contract = "Microsoft.ML.MaskedDiffusion.InfillWithCandidates";

    public static InfillCandidatesMapping Instance { get; } = new();

    protected override void Map(InfillComputation computation, InfillCandidatesInput input, InfillDetailsOutput output) =>
        output.Set(InfillMapping.Fill(
            computation, input.Text, [.. input.Candidates.DenseValues().Select(candidate => candidate.ToString())]));
}
