using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Generation;

/// <summary>What the generation transform adds to a row.</summary>
internal static class TextGenerationColumns
{
    public static OutputTable<TextGenerationOptions, GeneratedText> Table { get; } = new OutputTable<TextGenerationOptions, GeneratedText>()
        .Text(nameof(TextGenerationOptions.OutputColumnName), options => options.OutputColumnName, TextGenerationOutput.TextName,
            result => result.Text)
        .Single(nameof(TextGenerationOptions.LogProbabilityColumnName), options => options.LogProbabilityColumnName,
            TextGenerationOutput.LogProbabilityName, result => (float)result.LogProbability, isOptional: true)
        .Int32(nameof(TextGenerationOptions.TokenCountColumnName), options => options.TokenCountColumnName,
            TextGenerationOutput.TokenCountName, result => result.Tokens.Count, isOptional: true)
        .Int32(nameof(TextGenerationOptions.StepCountColumnName), options => options.StepCountColumnName,
            TextGenerationOutput.StepCountName, result => result.StepCount, isOptional: true)
        .Int32(nameof(TextGenerationOptions.NetworkRowCountColumnName), options => options.NetworkRowCountColumnName,
            TextGenerationOutput.NetworkRowCountName, result => result.NetworkRowCount, isOptional: true)
        .Text(nameof(TextGenerationOptions.FinishReasonColumnName), options => options.FinishReasonColumnName,
            TextGenerationOutput.FinishReasonName, result => result.FinishReason.ToString(), isOptional: true);
}

/// <summary>What the saved mapping reads of a row.</summary>
internal sealed class TextGenerationInput : SavedInput
{
    public const string PromptName = "__mdm_prompt";

    [ColumnName(PromptName)]
    public ReadOnlyMemory<char> Prompt { get; set; }
}

/// <summary>What the saved mapping adds.</summary>
internal sealed class TextGenerationOutput
{
    public const string TextName = "__mdm_completion";
    public const string LogProbabilityName = "__mdm_log_probability";
    public const string TokenCountName = "__mdm_completion_tokens";
    public const string StepCountName = "__mdm_steps";
    public const string NetworkRowCountName = "__mdm_network_rows";
    public const string FinishReasonName = "__mdm_finish_reason";

    [ColumnName(TextName)]
    public string Text { get; set; } = "";

    [ColumnName(LogProbabilityName)]
    public float LogProbability { get; set; }

    [ColumnName(TokenCountName)]
    public int TokenCount { get; set; }

    [ColumnName(StepCountName)]
    public int StepCount { get; set; }

    [ColumnName(NetworkRowCountName)]
    public int NetworkRowCount { get; set; }

    [ColumnName(FinishReasonName)]
    public string FinishReason { get; set; } = "";
}

/// <summary>Writes the texts of single rows of a saved transform.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class TextGenerationMapping()
    : SavedMapping<TextGenerationInput, TextGenerationOutput, TextGenerationOptions, TextGenerationComputation>(
        Kind, Contract, (model, options) => new TextGenerationComputation(model, options))
{
    public const string Kind = "generate";

    private const string Contract = "Microsoft.ML.MaskedDiffusion.Generate";

    public static TextGenerationMapping Instance { get; } = new();

    protected override void Map(TextGenerationComputation computation, TextGenerationInput input, TextGenerationOutput output)
    {
        GeneratedText result = computation.Compute([input.Prompt.ToString()], CancellationToken.None)[0];
        output.Text = result.Text;
        output.LogProbability = (float)result.LogProbability;
        output.TokenCount = result.Tokens.Count;
        output.StepCount = result.StepCount;
        output.NetworkRowCount = result.NetworkRowCount;
        output.FinishReason = result.FinishReason.ToString();
    }
}
