using Mdm.Data;
using Mdm.Output;
using Mdm.Settings;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>Converts models between their forms, and merges adapters into them.</summary>
internal sealed class ConvertCommand : SettingsCommand<ConvertSettings>
{
    public ConvertCommand()
        : base(
            "convert", "Save a model in another form, or with adapters merged in: as a folder, a .mdm file, or the .zip of a pipeline that "
            + "scores a text column.",
            "mdm convert lm.zip lm.mdm",
            "mdm convert lm.mdm tuned-folder --adapter adapter",
            "mdm convert mdm-170M.safetensors lm.mdm --preset 170M --tokenizer tokenizer.model")
    {
        AddArgument("source", "Source", "The model: a folder, a .mdm file, a .zip, or a .safetensors file of SMDM.");
        AddArgument("target", "Target", "Where it goes: a name that ends in .mdm or .zip, or else a folder.");
        AddOption("--adapter", "Adapters", "The folder of an adapter to merge into the model; repeat it for several.", "folder");
        AddOption("--attention-blocks", "AttentionBlocks",
            "Let attention go by blocks of so many tokens: for block diffusion models (BD3LM), whose files do not say it.", "n");
        AddOption("--overwrite", "Overwrite", "Replace a model that is there.");
        AddOption("--preset", "Preset", "The network of a .safetensors file, such as 170M.", "name");
        AddOption("--tokenizer", "Tokenizer", "The tokenizer of a .safetensors file.", "file");
        AddOption("--weights", "Weights",
            "How matrices are saved: Automatic (as they are), Float32, BFloat16 or Int8, rounded where they have more bits. "
            + "Default: Automatic, and Float32 of a .safetensors file.", "name");
        AddCommonOptions();
    }

    /// <inheritdoc/>
    protected override int Run(ConvertSettings settings, ToolContext context)
    {
        if (settings.Source is null || settings.Target is null)
            throw new UsageException("Name the model to convert and where it goes: mdm convert lm.zip lm.mdm.");
        using ModelTarget target = ModelTarget.Take(settings.Target, settings.Overwrite, context);
        LoraAdapter[] adapters = [.. settings.Adapters.Select(LoraAdapter.Load)];
        using MaskedDiffusionModel merged = adapters.Aggregate(Open(settings.Source, settings, context), Merge);
        using MaskedDiffusionModel? inBlocks = settings.AttentionBlocks is { } size ? merged.WithAttentionBlocks(size) : null;
        MaskedDiffusionModel model = inBlocks ?? merged;
        target.Save(model);
        context.Results.Facts(
        [
            new Field("source", settings.Source),
            .. adapters.Length == 0 ? Array.Empty<Field>() : [new Field("merged adapters", settings.Adapters)],
            new Field("target", target.Path),
            new Field("parameters", model.Config.ParameterCount),
        ]);
        return ExitCode.Done;
    }

    private static MaskedDiffusionModel Merge(MaskedDiffusionModel model, LoraAdapter adapter)
    {
        using (model)
            return model.Merge(adapter);
    }

    private static MaskedDiffusionModel Open(string source, ConvertSettings settings, ToolContext context)
    {
        bool isWeights = source.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)
            || source.EndsWith(".safetensors.index.json", StringComparison.OrdinalIgnoreCase);
        if (!isWeights)
        {
            return settings is { Preset: null, Tokenizer: null }
                ? ModelPlace.Open(source, "cpu", context, settings.Weights)
                : throw new UsageException($"{source} has a network and a tokenizer of its own: leave --preset and --tokenizer out.");
        }
        if (settings is not { Preset: { } preset, Tokenizer: { } tokenizer })
        {
            throw new UsageException(
                $"{source} has weights alone: name the network with --preset and the tokenizer's file with --tokenizer.");
        }
        return MaskedDiffusionModel.FromSafetensors(source, preset, TextTokenizer.FromFile(tokenizer), "cpu",
            settings.Weights == WeightType.Automatic ? WeightType.Float32 : settings.Weights);
    }
}
