using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// What one training sequence is: a block of packed text, as in pre-training, or a row of its own, with or without a prompt, as in
/// fine-tuning.
/// </summary>
public sealed class RowOptions
{
    /// <summary>
    /// The text column of prompts, for fine-tuning: a prompt is seen and never noised, and the loss is on the answer in
    /// <see cref="TrainerOptions.TextColumnName"/> and the end of sequence after it. Each part is tokenized by itself, as SMDM does. A row
    /// may have an empty prompt. The trained transformer scores texts after their prompts. Default null: all text is learned.
    /// </summary>
    public string? PromptColumnName { get; set; }

    /// <summary>
    /// The text column of a second part of the prompt, tokenized by itself, as SMDM does with GSM8K's reasoning; needs a
    /// <see cref="PromptColumnName"/>. Default null.
    /// </summary>
    public string? ReasoningColumnName { get; set; }

    /// <summary>
    /// Whether documents are joined and cut into blocks of the context length, as in pre-training (true), or each row is a sequence of its
    /// own (false). Default null: joined, unless there is a <see cref="PromptColumnName"/>, with which they cannot be.
    /// </summary>
    public bool? PackDocuments { get; set; }

    /// <summary>
    /// What follows the end of a row, where each row is a sequence of its own. Validation never pads. Default
    /// <see cref="RowPadding.None"/>.
    /// </summary>
    public RowPadding Padding { get; set; } = RowPadding.None;

    /// <summary>
    /// The longest row in tokens, prompt and end of sequence included: 2 to the context length. Default null: the context length.
    /// </summary>
    public int? MaxLength { get; set; }

    /// <summary>What happens to longer rows. Default <see cref="RowOverflow.Skip"/>.</summary>
    public RowOverflow Overflow { get; set; } = RowOverflow.Skip;

    /// <summary>
    /// What the loss of a step is divided by, where each row is a sequence of its own and a step has several micro batches. Default
    /// <see cref="LossDivisor.Batch"/>; <see cref="FineTuningRecipes"/> take <see cref="LossDivisor.MicroBatch"/>, as published.
    /// </summary>
    public LossDivisor LossDivisor { get; set; } = LossDivisor.Batch;

    /// <summary>Whether documents are joined, once the default is resolved.</summary>
    internal bool PacksDocuments => PackDocuments ?? PromptColumnName is null;

    internal RowOptions Clone() => (RowOptions)MemberwiseClone();

    internal void Check(TrainerOptions options)
    {
        const string Group = nameof(TrainerOptions.Rows) + ".";
        const string NeedsPrompt = "the default without a Rows.PromptColumnName; set one";
        const string NeedsRows = "the default where documents are joined; set Rows.PackDocuments to false, or a Rows.PromptColumnName";
        const string NeedsBlocks = "null where each row is a sequence of its own: such rows are kept in memory, and measured on rows";
        bool hasPrompt = PromptColumnName is not null;
        bool packs = PacksDocuments;
        int context = (options.InitialModel?.Config ?? options.Network).ContextLength;
        OptionCheck.Require(hasPrompt || ReasoningColumnName is null, Group + nameof(ReasoningColumnName), ReasoningColumnName,
            NeedsPrompt);
        OptionCheck.Require(!(hasPrompt && packs), Group + nameof(PackDocuments), PackDocuments,
            "false or null with a Rows.PromptColumnName: each row is then a sequence of its own");
        OptionCheck.RequireDefined(Padding, Group + nameof(Padding));
        OptionCheck.Require(!packs || Padding == RowPadding.None, Group + nameof(Padding), Padding, NeedsRows);
        OptionCheck.RequireDefined(LossDivisor, Group + nameof(LossDivisor));
        OptionCheck.Require(!packs || LossDivisor == LossDivisor.Batch, Group + nameof(LossDivisor), LossDivisor, NeedsRows);
        OptionCheck.RequireDefined(Overflow, Group + nameof(Overflow));
        OptionCheck.Require(!packs || Overflow == RowOverflow.Skip, Group + nameof(Overflow), Overflow, NeedsRows);
        OptionCheck.Require(packs || options.Checkpoints.TokenFolder is null, "Checkpoints.TokenFolder", options.Checkpoints.TokenFolder,
            NeedsBlocks);
        OptionCheck.Require(packs || options.Validation.Tokens is null, "Validation.Tokens", options.Validation.Tokens, NeedsBlocks);
        OptionCheck.Require(MaxLength is null || (MaxLength >= 2 && MaxLength <= context), Group + nameof(MaxLength), MaxLength,
            FormattableString.Invariant($"2 to the network's context length {context}, or null for that"));
        OptionCheck.Require(!packs || MaxLength is null, Group + nameof(MaxLength), MaxLength, NeedsRows);
    }
}
