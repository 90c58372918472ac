using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion.Trainers;

/// <summary>Checks a trainer's options as a whole: the common ones here, each group by itself, and what must fit together.</summary>
internal static class TrainerOptionsCheck
{
    public static void Check(TrainerOptions options, bool autoregressive)
    {
        CheckGroups(options);
        CheckColumns(options);
        CheckNetwork(options, autoregressive);
        OptionCheck.Require(options.BatchSize is >= 1 and <= 1 << 20, nameof(options.BatchSize), options.BatchSize, "1 to 1048576");
        OptionCheck.Require(options.LearningRate is > 0 and <= 1, nameof(options.LearningRate), options.LearningRate,
            "above 0 and at most 1; 1e-3 suits small models");
        OptionCheck.Require(options.WarmStart is >= 0 and < 1, nameof(options.WarmStart), options.WarmStart, "0 up to but not 1");
        OptionCheck.Require(options.WarmStart == 0 || !options.Budget.UntilCancelled, nameof(options.WarmStart), options.WarmStart,
            "0 with Budget.UntilCancelled: of a run without an end there are no shares");
        CheckAnnealing(options, autoregressive);
        OptionCheck.RequireCount(options.ProgressInterval, nameof(options.ProgressInterval));
        OptionCheck.RequireDefined(options.CancelBehavior, nameof(options.CancelBehavior));
        DeviceChoice.Validate(options.Device);
        options.Optimizer.Check(options.MaxSteps);
        options.Budget.Check(options);
        options.Validation.Check(options);
        options.Checkpoints.Check();
        options.Rows.Check(options);
        options.Noise.Check(options.Rows, NetworkOf(options).ContextLength);
        options.Compute.Check(options.BatchSize, options.ProcessGroup.Size);
        options.Adaptation.Check(options.InitialModel, autoregressive);
        CheckBlocks(options);
        if (autoregressive)
            CheckAutoregressive(options);
        if (options.InitialModel is { } model)
            CheckModel(options, model, autoregressive);
        if (options.Lora is { } lora)
            CheckLora(options, lora, autoregressive);
    }

    private static void CheckAnnealing(TrainerOptions options, bool autoregressive)
    {
        const string Name = nameof(options.AttentionAnnealing);
        double share = options.AttentionAnnealing;
        OptionCheck.Require(share >= 0 && share + options.WarmStart <= 1, Name, share,
            FormattableString.Invariant($"0 to {1 - options.WarmStart}, 1 less the WarmStart"));
        if (share == 0)
            return;
        OptionCheck.Require(!autoregressive, Name, share, "0: an autoregressive model keeps its causal attention");
        OptionCheck.Require(options.WarmStart > 0 || options.InitialModel is { Config.Autoregressive: true }, Name, share,
            "0 without a WarmStart or an autoregressive InitialModel, behind which attention is causal");
        OptionCheck.Require(options.Noise.GapLengthRatio == 0, Name, share, "0 with a Noise.GapLengthRatio: train the one after the other");
        OptionCheck.Require(!options.Budget.UntilCancelled, Name, share, "0 with Budget.UntilCancelled: of a run without an end there are "
            + "no shares");
        OptionCheck.Require((options.Adaptation.AttentionBlockSize ?? NetworkOf(options).AttentionBlockSize) is null, Name, share,
            "0 for a network whose attention goes by blocks");
    }

    // The network, or what is known of it before text is read.
    private static TransformerConfig NetworkOf(TrainerOptions options) => options.InitialModel?.Config ?? options.Network;

    // Block diffusion has mask tokens and nothing else.
    private static void CheckBlocks(TrainerOptions options)
    {
        if (options.Adaptation.AttentionBlockSize is null && NetworkOf(options).AttentionBlockSize is null)
            return;
        const string Allowed = "0 for a network whose attention goes by blocks";
        OptionCheck.Require(options.Noise.UniformShare == 0, "Noise.UniformShare", options.Noise.UniformShare, Allowed);
        OptionCheck.Require(options.Noise.GapLengthRatio == 0, "Noise.GapLengthRatio", options.Noise.GapLengthRatio, Allowed);
    }

    private static void CheckGroups(TrainerOptions options)
    {
        const string Allowed = "a group of options; leave it unset for its defaults";
        OptionCheck.RequireObject(options.Optimizer, nameof(options.Optimizer), Allowed);
        OptionCheck.RequireObject(options.Budget, nameof(options.Budget), Allowed);
        OptionCheck.RequireObject(options.Validation, nameof(options.Validation), Allowed);
        OptionCheck.RequireObject(options.Checkpoints, nameof(options.Checkpoints), Allowed);
        OptionCheck.RequireObject(options.Rows, nameof(options.Rows), Allowed);
        OptionCheck.RequireObject(options.Noise, nameof(options.Noise), Allowed);
        OptionCheck.RequireObject(options.Adaptation, nameof(options.Adaptation), Allowed);
        OptionCheck.RequireObject(options.Compute, nameof(options.Compute), Allowed);
        OptionCheck.RequireObject(options.Outputs, nameof(options.Outputs), Allowed);
        OptionCheck.RequireObject(options.ProcessGroup, nameof(options.ProcessGroup), "a group, such as SingleProcess.Instance");
    }

    private static void CheckColumns(TrainerOptions options)
    {
        OutputOptions outputs = options.Outputs;
        List<(string Option, string? Name)> columns =
        [
            (nameof(options.TextColumnName), options.TextColumnName),
            ("Outputs.NegativeLogLikelihoodColumnName", outputs.NegativeLogLikelihoodColumnName),
            ("Outputs.StandardErrorColumnName", outputs.StandardErrorColumnName),
            ("Outputs.TokenCountColumnName", outputs.TokenCountColumnName),
        ];
        if (outputs.PerCharacterColumnName is not null)
            columns.Add(("Outputs.PerCharacterColumnName", outputs.PerCharacterColumnName));
        if (outputs.PerByteColumnName is not null)
            columns.Add(("Outputs.PerByteColumnName", outputs.PerByteColumnName));
        if (options.Rows.PromptColumnName is not null)
            columns.Add(("Rows.PromptColumnName", options.Rows.PromptColumnName));
        if (options.Rows.ReasoningColumnName is not null)
            columns.Add(("Rows.ReasoningColumnName", options.Rows.ReasoningColumnName));
        OptionCheck.RequireColumnNames([.. columns]);
    }

    private static void CheckNetwork(TrainerOptions options, bool autoregressive)
    {
        OptionCheck.RequireObject(options.Network, nameof(options.Network), "a TransformerConfig, or the name of a preset such as \"6M\"");
        OptionCheck.RequireObject(options.Tokenizer, nameof(options.Tokenizer),
            "a TokenizerSource, such as TokenizerSource.TrainBytePairEncoding()");
        options.Network.Validate("Network.");
        // An autoregressive model's network may be named beside it.
        bool mayBeCausal = autoregressive || options.InitialModel is not null;
        OptionCheck.Require(mayBeCausal || !options.Network.Autoregressive, "Network.Autoregressive", true,
            "false: a masked diffusion model sees the text on both sides");
        OptionCheck.Require(!autoregressive || options.Network.AttentionBlockSize is null, "Network.AttentionBlockSize",
            options.Network.AttentionBlockSize, "null: an autoregressive model sees nothing behind a position");
        OptionCheck.Require(!options.Network.HasLengthTokens || options.InitialModel is not null, "Network.HasLengthTokens", true,
            "false: a Noise.GapLengthRatio above 0 adds the tokens");
        OptionCheck.Require(options.Network.UniformShare == 0 || options.InitialModel is not null, "Network.UniformShare",
            options.Network.UniformShare, "0: set Noise.UniformShare, which the trained network keeps");
        OptionCheck.Require(options.Network.ContextLength >= 2, "Network.ContextLength", options.Network.ContextLength,
            "at least 2, so that there is text beside a masked token");
    }

    private static void CheckAutoregressive(TrainerOptions options)
    {
        options.Noise.CheckDefaults();
        OptionCheck.Require(options.WarmStart == 0, nameof(options.WarmStart), options.WarmStart,
            "0: an autoregressive model is trained as one all the time");
        OptionCheck.Require(options.Rows.Padding == RowPadding.None, "Rows.Padding", options.Rows.Padding,
            "the default: an autoregressive model is trained up to the end of a sequence");
    }

    private static void CheckModel(TrainerOptions options, MaskedDiffusionModel model, bool autoregressive)
    {
        const string Left = "left at its default with an InitialModel, whose own is used, or be the same";
        OptionCheck.Require(!autoregressive || model.Config.Autoregressive, nameof(options.InitialModel), model.Config.Name,
            "an autoregressive model; train a masked diffusion model with the MaskedDiffusionTrainer");
        OptionCheck.Require(model.WeightType == WeightType.Float32, nameof(options.InitialModel), model.WeightType,
            "a model whose weights are 32-bit floats, which trainings change little by little; load it with WeightType.Float32, such as "
            + "MaskedDiffusionModel.Load(path, \"cpu\", WeightType.Float32)");
        OptionCheck.Require(options.Network == TrainerOptions.DefaultNetwork || options.Network == model.Config, nameof(options.Network),
            options.Network.Name, Left);
        double share = options.Noise.UniformShare;
        OptionCheck.Require(model.Config.UniformShare == 0 || model.Config.UniformShare == share, "Noise.UniformShare", share,
            FormattableString.Invariant($"{model.Config.UniformShare}, the share with which the InitialModel was trained"));
        bool sameTokenizer = ReferenceEquals(options.Tokenizer, TrainerOptions.DefaultTokenizer)
            || (options.Tokenizer.Known is { } known && known.ContentHash == model.Tokenizer.ContentHash);
        OptionCheck.Require(sameTokenizer, nameof(options.Tokenizer), options.Tokenizer.Known is null ? "trained" : "another", Left);
    }

    // Adapters change linear layers only, so that rows which an embedding is given would stay as they begin.
    private static void CheckLora(TrainerOptions options, LoraOptions lora, bool autoregressive)
    {
        const string Remedy = "Train all weights first, and then adapters with the model that this gives as InitialModel";
        lora.Check(options.InitialModel);
        TransformerConfig config = options.InitialModel!.Config;
        OptionCheck.Require(config.Autoregressive == autoregressive, nameof(options.Lora), "set",
            "null where an autoregressive model becomes a masked diffusion model, whose mask token no adapter could learn. " + Remedy);
        OptionCheck.Require(options.Noise.GapLengthRatio == 0 || config.HasLengthTokens, nameof(options.Lora), "set",
            "null where Noise.GapLengthRatio adds tokens, which no adapter could learn. " + Remedy);
    }
}
