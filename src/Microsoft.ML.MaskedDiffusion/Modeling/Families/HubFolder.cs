using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Families;

/// <summary>
/// A folder as models are published on the hub: config.json, model.safetensors or shards with an index, and the tokenizer's files. Opening
/// it reads the configuration alone.
/// </summary>
internal sealed class HubFolder
{
    private const string SingleFile = "model.safetensors", Index = "model.safetensors.index.json";

    private readonly string _path;

    private HubFolder(string path, ModelFamily family, TransformerConfig config)
    {
        (_path, Family, Config) = (path, family, config);
    }

    /// <summary>The family that config.json names.</summary>
    public ModelFamily Family { get; }

    /// <summary>The network that config.json describes; its mask token may be named by the tokenizer only.</summary>
    public TransformerConfig Config { get; }

    /// <summary>Whether a folder is one of these and no model that this library has saved.</summary>
    public static bool IsOne(string path) =>
        File.Exists(Path.Combine(path, HubConfig.FileName)) && !File.Exists(Path.Combine(path, ModelManifest.Name));

    /// <summary>Reads the configuration.</summary>
    /// <exception cref="InvalidDataException">
    /// It is of no family that is known, or describes a network that cannot be computed; the message lists the fields.
    /// </exception>
    public static HubFolder Open(string path)
    {
        string file = Path.Combine(path, HubConfig.FileName);
        using JsonDocument document = JsonFile.ReadConfig(file);
        try
        {
            ModelFamily family = FamilyOf(document.RootElement, file);
            var config = new HubConfig(document.RootElement, file);
            TransformerConfig network = family.ReadNetwork(config) with { Name = NameOf(path) };
            config.RefuseTheRest();
            config.ThrowIfFaulty();
            network.Validate();
            return new HubFolder(path, family, network);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            // A value out of its range, or half a surrogate pair in a text.
            throw new InvalidDataException($"{file}: the network cannot be computed: {error.Message}", error);
        }
    }

    /// <summary>The network with its mask token, for which the tokenizer is read.</summary>
    /// <exception cref="FileNotFoundException">The tokenizer is not there.</exception>
    /// <exception cref="InvalidDataException">The tokenizer does not fit the configuration, or no mask token is named.</exception>
    public TransformerConfig ReadConfig() => WithMaskToken(ReadTokenizer());

    /// <summary>Reads the weights and the tokenizer.</summary>
    /// <exception cref="FileNotFoundException">The weights or the tokenizer are not there.</exception>
    /// <exception cref="InvalidDataException">A file is damaged or does not fit the configuration, or no mask token is named.</exception>
    public MaskedDiffusionModel Load(torch.Device device, WeightType weightType)
    {
        TextTokenizer tokenizer = ReadTokenizer();
        TransformerConfig config = WithMaskToken(tokenizer);
        string weights = WeightsPath();
        var layout = new WeightLayout(Family.Tensors(config), Family.IsPassedOver);
        TransformerNetwork network = WeightFiles.Load(
            weights, layout, weightType, type => new TransformerNetwork(config, device, type));
        return MaskedDiffusionModel.Own(network, tokenizer, Family);
    }

    private static ModelFamily FamilyOf(JsonElement root, string file)
    {
        string known = string.Join(", ", ModelFamily.All.Select(family => family.ModelType));
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("model_type", out JsonElement type)
            || type.ValueKind != JsonValueKind.String)
        {
            throw new InvalidDataException($"{file}: there is no \"model_type\", which says of what family the model is ({known}). "
                + "A model that this library has saved has a manifest.json beside it.");
        }
        return ModelFamily.Find(type.GetString()!) ?? throw new InvalidDataException(
            $"{file}: the model is of the type {FaultList.Quote(type.GetString()!)}, which is not supported; supported are {known}.");
    }

    private static string NameOf(string path)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        return name.Length == 0 ? "model" : name;
    }

    private TextTokenizer ReadTokenizer()
    {
        TextTokenizer tokenizer = TextTokenizer.FromFile(_path);
        return tokenizer.VocabularySize <= Config.VocabularySize ? tokenizer : throw new InvalidDataException(
            $"{_path}: the tokenizer has {tokenizer.VocabularySize} tokens, but {HubConfig.FileName} says that the network knows only "
            + $"{Config.VocabularySize}. Use the tokenizer that the network was trained with, or fetch all files of one release again.");
    }

    private TransformerConfig WithMaskToken(TextTokenizer tokenizer)
    {
        if (Config.Autoregressive || Config.MaskTokenId < Config.VocabularySize)
            return Config;
        int mask = tokenizer.MaskTokenId ?? throw new InvalidDataException(
            $"{_path}: no file names the mask token: neither mask_token_id in {HubConfig.FileName} nor mask_token in "
            + $"{TokenizerFiles.SpecialTokens} or {TokenizerFiles.Config}. Write its id into {HubConfig.FileName} as \"mask_token_id\".");
        return mask >= 0 && mask < Config.VocabularySize ? Config with { MaskTokenId = mask } : throw new InvalidDataException(
            $"{_path}: the tokenizer's files say that the mask token has the id {mask}, and the network knows the ids 0 to "
            + $"{Config.VocabularySize - 1} ({HubConfig.FileName}). Fetch all files of one release again.");
    }

    private string WeightsPath()
    {
        foreach (string name in (string[])[SingleFile, Index])
            if (File.Exists(Path.Combine(_path, name)))
                return Path.Combine(_path, name);
        throw new FileNotFoundException($"{_path}: there are no weights. Expected is {SingleFile}, or {Index} with the files that it "
            + "names; weights in other formats (pytorch_model.bin) are not read, because they can hold code.",
            Path.Combine(_path, SingleFile));
    }
}
