using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Text;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Likelihood;

/// <summary>The score of one text in nats, and in nats for each character and byte of it (0 for an empty text).</summary>
internal readonly record struct LikelihoodResult(
    float NegativeLogLikelihood, float StandardError, int TokenCount, float PerCharacter, float PerByte)
{
    public static LikelihoodResult Of(string text, TextLikelihood score)
    {
        // An empty text has no length to divide by, and nothing to divide.
        int characters = Math.Max(1, TextLength.Characters(text)), bytes = Math.Max(1, TextLength.Bytes(text));
        double loss = score.NegativeLogLikelihood;
        return new LikelihoodResult(
            (float)loss, (float)score.StandardError, score.TokenCount, (float)(loss / characters), (float)(loss / bytes));
    }
}

/// <summary>What the likelihood transform adds to a row.</summary>
internal static class LikelihoodColumns
{
    public static OutputTable<LikelihoodScoringOptions, LikelihoodResult> Table { get; } =
        new OutputTable<LikelihoodScoringOptions, LikelihoodResult>()
            .Single(nameof(LikelihoodScoringOptions.NegativeLogLikelihoodColumnName), options => options.NegativeLogLikelihoodColumnName,
                LikelihoodOutput.ValueName, result => result.NegativeLogLikelihood)
            .Single(nameof(LikelihoodScoringOptions.StandardErrorColumnName), options => options.StandardErrorColumnName,
                LikelihoodOutput.ErrorName, result => result.StandardError)
            .Int32(nameof(LikelihoodScoringOptions.TokenCountColumnName), options => options.TokenCountColumnName,
                LikelihoodOutput.CountName, result => result.TokenCount)
            .Single(nameof(LikelihoodScoringOptions.PerCharacterColumnName), options => options.PerCharacterColumnName,
                LikelihoodOutput.PerCharacterName, result => result.PerCharacter, isOptional: true)
            .Single(nameof(LikelihoodScoringOptions.PerByteColumnName), options => options.PerByteColumnName,
                LikelihoodOutput.PerByteName, result => result.PerByte, isOptional: true);
}

/// <summary>What the saved mapping reads of a row.</summary>
internal sealed class LikelihoodInput : SavedInput
{
    public const string TextName = "__mdm_text", ContextName = "__mdm_context";

    [ColumnName(TextName)]
    public ReadOnlyMemory<char> Text { get; set; }

    [ColumnName(ContextName)]
    public ReadOnlyMemory<char> Context { get; set; }
}

/// <summary>What the saved mapping adds.</summary>
internal sealed class LikelihoodOutput
{
    public const string ValueName = "__mdm_nll", ErrorName = "__mdm_error", CountName = "__mdm_count";
    public const string PerCharacterName = "__mdm_character", PerByteName = "__mdm_byte";

    [ColumnName(ValueName)]
    public float Value { get; set; }

    [ColumnName(ErrorName)]
    public float Error { get; set; }

    [ColumnName(CountName)]
    public int Count { get; set; }

    [ColumnName(PerCharacterName)]
    public float PerCharacter { get; set; }

    [ColumnName(PerByteName)]
    public float PerByte { get; set; }
}

/// <summary>Scores single rows of a saved transform.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class LikelihoodMapping()
    : SavedMapping<LikelihoodInput, LikelihoodOutput, LikelihoodScoringOptions, LikelihoodComputation>(
        Kind, Contract, (model, options) => new LikelihoodComputation(model, options))
{
    public const string Kind = "likelihood";

    private const string Contract = "Microsoft.ML.MaskedDiffusion.Likelihood";

    public static LikelihoodMapping Instance { get; } = new();

    protected override void Map(LikelihoodComputation computation, LikelihoodInput input, LikelihoodOutput output)
    {
        // The saved mapping always has a context column; the options say whether it is one.
        string? context = computation.Options.ContextColumnName is null ? null : input.Context.ToString();
        LikelihoodResult result = computation.Compute([new ScoredText(input.Text.ToString(), context)], CancellationToken.None)[0];
        output.Value = result.NegativeLogLikelihood;
        output.Error = result.StandardError;
        output.Count = result.TokenCount;
        output.PerCharacter = result.PerCharacter;
        output.PerByte = result.PerByte;
    }
}
