using static Microsoft.ML.MaskedDiffusion.Trainers.OptionsCheck;

namespace Microsoft.ML.MaskedDiffusion.Trainers;

/// <summary>Checks the options of fine-tuning: the model to go on from, prompts and rows.</summary>
internal static class FineTuningCheck
{
    public static void Validate(MaskedDiffusionTrainer.Options options, bool autoregressive)
    {
        const string NeedsPrompt = "the default without an Options.PromptColumnName; set one", NeedsRows = "the default where documents are joined; set Options.PackDocuments to false, or an Options.PromptColumnName";
        bool hasPrompt = options.PromptColumnName is not null, packs = options.PackDocuments ?? !hasPrompt;
        Require(hasPrompt || options.ReasoningColumnName is null, nameof(options.ReasoningColumnName), options.ReasoningColumnName, NeedsPrompt);
        Require(!(hasPrompt && packs), nameof(options.PackDocuments), options.PackDocuments, "false or null with an Options.PromptColumnName: each row is then a sequence of its own");
        Require(Enum.IsDefined(options.Padding), nameof(options.Padding), options.Padding, "None, Longest or Full");
        Require(!packs || options.Padding == RowPadding.None, nameof(options.Padding), options.Padding, NeedsRows);
        Require(Enum.IsDefined(options.LongRows), nameof(options.LongRows), options.LongRows, "Skip or Throw");
        Require(!packs || options.LongRows == RowOverflow.Skip, nameof(options.LongRows), options.LongRows, NeedsRows);
        const string NeedsBlocks = "null where each row is a sequence of its own: such rows are kept in memory, and measured on rows";
        Require(packs || options.TokenFolder is null, nameof(options.TokenFolder), options.TokenFolder, NeedsBlocks);
        Require(packs || options.ValidationTokens is null, nameof(options.ValidationTokens), options.ValidationTokens, NeedsBlocks);
        int context = (options.InitialModel?.Config ?? options.Network).ContextLength;
        Require(options.MaxRowLength is null || (options.MaxRowLength >= 2 && options.MaxRowLength <= context), nameof(options.MaxRowLength), options.MaxRowLength, $"2 to the network's context length {context}, or null for that");
        Require(!packs || options.MaxRowLength is null, nameof(options.MaxRowLength), options.MaxRowLength, NeedsRows);
        Require(options.GuidanceDropout is >= 0 and <= 1, nameof(options.GuidanceDropout), options.GuidanceDropout, "0 to 1");
        Require(hasPrompt || options.GuidanceDropout == 0, nameof(options.GuidanceDropout), options.GuidanceDropout, NeedsPrompt);
        Require(packs || options.StochasticLengthRatio == 0, nameof(options.StochasticLengthRatio), options.StochasticLengthRatio, "0 where each row is a sequence of its own, which is never cut");
        if (autoregressive)
        {
            const string Default = "the default: an autoregressive model is trained without noise, and up to the end of a sequence";
            Require(options.Padding == RowPadding.None, nameof(options.Padding), options.Padding, Default);
            Require(options.GuidanceDropout == 0, nameof(options.GuidanceDropout), options.GuidanceDropout, Default);
        }
        if (options.InitialModel is { } model)
            CheckModel(options, model, autoregressive);
    }

    private static void CheckModel(MaskedDiffusionTrainer.Options options, MaskedDiffusionModel model, bool autoregressive)
    {
        const string Left = "left at its default with an Options.InitialModel, whose own is used, or be the same";
        Require(model.Config.Autoregressive == autoregressive, nameof(options.InitialModel), model.Config.Name, autoregressive
            ? "an autoregressive model; train a masked diffusion model with the MaskedDiffusionTrainer"
            : "a masked diffusion model; train an autoregressive one with the AutoregressiveTrainer");
        Require(options.Network == MaskedDiffusionTrainer.Options.DefaultNetwork || options.Network == model.Config, nameof(options.Network), options.Network, Left);
        Require(ReferenceEquals(options.Tokenizer, MaskedDiffusionTrainer.Options.DefaultTokenizer)
            || (options.Tokenizer.Known is { } known && known.ContentHash == model.Tokenizer.ContentHash),
            nameof(options.Tokenizer), options.Tokenizer.Known is null ? "trained" : "another", Left);
    }
}
