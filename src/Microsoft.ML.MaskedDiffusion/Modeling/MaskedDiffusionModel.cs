using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Adapters;
using Microsoft.ML.MaskedDiffusion.Modeling.Families;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Options;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// A language model ready for use: the network with its weights, its tokenizer and its configuration. Any number of threads may use one
/// model at once; it holds native memory until it is disposed: four bytes a parameter, and up to eight from the first time that it writes a
/// text or fills a gap, or two or one at all times (<see cref="MaskedDiffusion.WeightType"/>). Saved as a folder (<c>config.json</c>,
/// <c>model.safetensors</c> under SMDM's tensor names, the tokenizer's files, <c>manifest.json</c> with their SHA-256) or as the same in
/// one <c>.mdm</c> archive.
/// </summary>
public sealed partial class MaskedDiffusionModel : IDisposable
{
    /// <summary>The extension that makes <see cref="Save(string)"/> write one archive instead of a folder.</summary>
    public const string ArchiveExtension = ".mdm";

    private readonly Lock _gate = new();
    private INetworkSession? _session;

    private const string StreamName = "the model's stream";

    /// <summary>Takes the network over; it is disposed with the model.</summary>
    internal MaskedDiffusionModel(TransformerNetwork network, TextTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (tokenizer.VocabularySize > network.Config.VocabularySize)
        {
            throw new ArgumentException(
                $"The tokenizer has {tokenizer.VocabularySize} tokens, but the network's VocabularySize is " +
                $"{network.Config.VocabularySize}: use the tokenizer that the network was trained with.", nameof(tokenizer));
        }
        Network = network;
        // Text must not bring masked tokens with it.
        Tokenizer = tokenizer.WithoutSpelling(network.Config.MaskTokenId);
    }

    /// <summary>
    /// The model types, as in <c>config.json</c>, of the published families that <see cref="Load(string, string, WeightType)"/> reads and
    /// <see cref="SavePublished"/> writes.
    /// </summary>
    public static IReadOnlyList<string> PublishedTypes { get; } =
        Array.AsReadOnly(ModelFamily.All.Select(family => family.ModelType).ToArray());

    /// <summary>The network's shape.</summary>
    public TransformerConfig Config => Network.Config;

    /// <summary>Turns text into the network's tokens and back.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <summary>Where the weights are: "cpu" or "cuda:0".</summary>
    public string Device => DeviceChoice.Describe(Network.Device);

    /// <summary>
    /// What the training that made this model has learned, where it was one with <see cref="TrainerOptions.Lora"/>; null otherwise. It is
    /// merged into the weights already, and is not saved with the model but by itself (<see cref="LoraAdapter.Save"/>).
    /// </summary>
    public LoraAdapter? Adapter { get; internal init; }

    /// <summary>
    /// The numbers in which the matrices are held: <see cref="WeightType.Float32"/>, or <see cref="WeightType.BFloat16"/> or
    /// <see cref="WeightType.Int8"/> for models that cannot be trained.
    /// </summary>
    public WeightType WeightType => WeightTypes.Of(Network);

    internal TransformerNetwork Network { get; }

    /// <summary>The published family whose files the network was read from, whose names its layers have then; null for none.</summary>
    internal ModelFamily? Family { get; init; }

    /// <summary>The network made ready for writing, opened when first used.</summary>
    internal INetworkSession Session
    {
        get
        {
            lock (_gate)
                return _session ??= Network.OpenSession();
        }
    }

    /// <summary>
    /// Loads a saved model, or one that is published: a folder from the hub with <c>config.json</c>, <c>model.safetensors</c> or its
    /// shards, and the tokenizer's files. Published families are LLaDA, Dream, dLLM's A2D models of Qwen 2, Qwen 3 and Llama, and
    /// ModernBERT; and Llama, Qwen 2 and Qwen 3, which are autoregressive.
    /// </summary>
    /// <param name="path">A folder or an archive that <see cref="Save(string)"/> wrote, or a folder from the hub.</param>
    /// <param name="device">"auto" (a GPU where there is one, default), "cpu", "cuda" or "cuda:1".</param>
    /// <param name="weightType">
    /// The numbers in which the matrices are held in memory; by default those of the files, so that a model published in bfloat16 takes two
    /// bytes a parameter. Take <see cref="WeightType.Float32"/> for a model that is to be trained further, and
    /// <see cref="WeightType.Int8"/> for the least memory. Files are read tensor by tensor, so that loading needs no more memory than the
    /// weights and the largest tensor.
    /// </param>
    /// <exception cref="FileNotFoundException">There is nothing at <paramref name="path"/>.</exception>
    /// <exception cref="InvalidDataException">A file is missing, cut off, altered or of another release; the message names it.</exception>
    /// <exception cref="ArgumentException">The machine has no such device.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="weightType"/> is none of the names.</exception>
    /// <exception cref="InsufficientMemoryException">The weights need more memory than the machine has.</exception>
    public static MaskedDiffusionModel Load(string path, string device = "auto", WeightType weightType = WeightType.Automatic)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        OptionCheck.RequireDefined(weightType, nameof(weightType));
        return Open(path, folder => folder.Load(DeviceChoice.Resolve(device), weightType), store => Load(store, device, weightType));
    }

    /// <summary>The network of a saved or published model, without its weights, such as to know the memory that it takes.</summary>
    /// <param name="path">As for <see cref="Load(string, string, WeightType)"/>.</param>
    /// <exception cref="FileNotFoundException">There is nothing at <paramref name="path"/>.</exception>
    /// <exception cref="InvalidDataException">A file is missing, damaged or describes a network that cannot be computed.</exception>
    public static TransformerConfig ReadConfig(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Open(path, folder => folder.ReadConfig(), ModelReader.ReadConfig);
    }

    /// <summary>Loads an archive from a stream.</summary>
    /// <param name="stream">
    /// Holds an archive as <see cref="Save(Stream)"/> writes it; read to its end and left open. A stream that cannot seek is buffered.
    /// </param>
    /// <param name="device">As for <see cref="Load(string, string, WeightType)"/>.</param>
    /// <param name="weightType">As for <see cref="Load(string, string, WeightType)"/>.</param>
    /// <exception cref="InvalidDataException">The archive or one of its entries is cut off or altered; the message names it.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="weightType"/> is none of the names.</exception>
    public static MaskedDiffusionModel Load(Stream stream, string device = "auto", WeightType weightType = WeightType.Automatic)
    {
        ArgumentNullException.ThrowIfNull(stream);
        OptionCheck.RequireDefined(weightType, nameof(weightType));
        return OpenArchive(stream, StreamName, store => Load(store, device, weightType));
    }

    /// <summary>
    /// Opens a checkpoint as SMDM publishes them (<c>mdm-*.safetensors</c>, <c>ar-*.safetensors</c>), with the bfloat16 rotary table they
    /// were trained with.
    /// </summary>
    /// <param name="path">
    /// A .safetensors file, or the .safetensors.index.json of several. The input embedding's rows tell a masked diffusion model from an
    /// autoregressive one.
    /// </param>
    /// <param name="preset">The size, such as "170M" (see <see cref="TransformerConfig.PresetNames"/>).</param>
    /// <param name="tokenizer">The tokenizer of training (for SMDM: Llama 2's).</param>
    /// <param name="device">As for <see cref="Load(string, string, WeightType)"/>.</param>
    /// <param name="weightType">
    /// The numbers in which the matrices are held in memory: 32-bit floats by default, in which such checkpoints are published, so that the
    /// model can be trained further; <see cref="WeightType.Automatic"/> takes those of the file.
    /// </param>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, or its tensors are not the preset's; all differences are listed.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// There is no such preset, device or <paramref name="weightType"/>, or the tokenizer is too large for the network.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is nothing at <paramref name="path"/>, or one of several files is missing.</exception>
    /// <exception cref="InsufficientMemoryException">The weights do not fit into memory.</exception>
    public static MaskedDiffusionModel FromSafetensors(
        string path, string preset, TextTokenizer tokenizer, string device = "auto", WeightType weightType = WeightType.Float32) =>
        FromSafetensors(
            path, TransformerConfig.FromPreset(preset) with { RotaryPrecision = RotaryPrecision.BFloat16 }, tokenizer, device, weightType);

    /// <summary>Opens weights of any shape under SMDM's tensor names.</summary>
    /// <param name="path">As for <see cref="FromSafetensors(string, string, TextTokenizer, string, WeightType)"/>.</param>
    /// <param name="config">
    /// The shape. <see cref="TransformerConfig.Autoregressive"/> is taken from the file, whose input embedding tells it, unless the mask
    /// is a token of the vocabulary (<see cref="TransformerConfig.MaskTokenId"/>): then from here.
    /// </param>
    /// <param name="tokenizer">The tokenizer of training.</param>
    /// <param name="device">As for <see cref="Load(string, string, WeightType)"/>.</param>
    /// <param name="weightType">As for <see cref="FromSafetensors(string, string, TextTokenizer, string, WeightType)"/>.</param>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, or its tensors are not those of <paramref name="config"/>; all differences are listed.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// There is no such device or <paramref name="weightType"/>, or the tokenizer is too large for the network.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is nothing at <paramref name="path"/>, or one of several files is missing.</exception>
    /// <exception cref="InsufficientMemoryException">The weights do not fit into memory.</exception>
    public static MaskedDiffusionModel FromSafetensors(
        string path, TransformerConfig config, TextTokenizer tokenizer, string device = "auto", WeightType weightType = WeightType.Float32)
    {
        OptionCheck.RequireDefined(weightType, nameof(weightType));
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(tokenizer);
        config.Validate();
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no file {path}.", path);
        torch.Device place = DeviceChoice.Resolve(device);
        config = config with { Autoregressive = WeightFiles.IsAutoregressive(path, config) };
        TransformerNetwork network = WeightFiles.Load(path, weightType, type => new TransformerNetwork(config, place, type));
        return Own(network, tokenizer);
    }

    /// <summary>Saves the model; what stood there before stays whole until the new one is.</summary>
    /// <param name="path">A new, empty or earlier saved folder; or a file that ends in <c>.mdm</c> for one archive.</param>
    /// <exception cref="ArgumentException">The path ends in <c>.zip</c>, which is the form of pipelines.</exception>
    /// <exception cref="IOException">
    /// The disk is full or read-only, or a file or folder that is no saved model is there; nothing has changed then.
    /// </exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException(
                $"A model is saved as a folder, or as one file that ends in {ArchiveExtension}, and not to {path}. A "
                + "zip is the form of pipelines: ml.MaskedDiffusion().SaveModel(transformer, schema, path).", nameof(path));
        }
        if (path.EndsWith(ArchiveExtension, StringComparison.OrdinalIgnoreCase))
            ModelWriter.WriteArchive(this, path);
        else
            ModelWriter.WriteFolder(this, path);
    }

    /// <summary>
    /// Saves the model in the layout of a published family, for other programs that read it: <c>config.json</c>, one
    /// <c>model.safetensors</c> and the tokenizer's files. <see cref="Load(string, string, WeightType)"/> reads it too.
    /// </summary>
    /// <param name="folder">A new or empty folder; one that holds something is never replaced.</param>
    /// <param name="modelType">The family, one of <see cref="PublishedTypes"/>, such as "a2d-qwen3".</param>
    /// <exception cref="ArgumentException">There is no such family.</exception>
    /// <exception cref="NotSupportedException">
    /// The family's networks are others, and the message says in what; or the weights are held in <see cref="WeightType.Int8"/>.
    /// </exception>
    /// <exception cref="IOException">The disk is full or read-only, or the folder holds something; nothing has changed then.</exception>
    public void SavePublished(string folder, string modelType)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(modelType);
        ModelFamily family = ModelFamily.Find(modelType) ?? throw new ArgumentException(
            $"There is no published family \"{modelType}\". The families are {string.Join(", ", PublishedTypes)}.", nameof(modelType));
        HubFolderWriter.Write(this, family, folder);
    }

    /// <summary>Writes the model as one archive. Equal models give equal bytes.</summary>
    /// <param name="stream">Written to and left open; it need not be able to seek.</param>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ModelWriter.WriteArchive(this, stream);
    }

    /// <summary>A model of its own with the same weights, to be disposed by itself.</summary>
    /// <param name="device">Where the copy's weights shall be; null: where this one's are.</param>
    public MaskedDiffusionModel Clone(string? device = null) => Clone(device, WeightType.Automatic);

    /// <summary>The same with weights of some type; <see cref="WeightType.Automatic"/>: of this one's.</summary>
    internal MaskedDiffusionModel Clone(string? device, WeightType weightType)
    {
        torch.ScalarType type = weightType == WeightType.Automatic ? Network.Type : WeightTypes.ScalarOf(weightType);
        var network = new TransformerNetwork(Config, device is null ? Network.Device : DeviceChoice.Resolve(device), type);
        try
        {
            network.CopyFrom(Network);
        }
        catch
        {
            network.Dispose();
            throw;
        }
        return Own(network, Tokenizer, Family, Adapter);
    }

    /// <summary>A model that owns its network, which is disposed where it does not fit the tokenizer.</summary>
    internal static MaskedDiffusionModel Own(
        TransformerNetwork network, TextTokenizer tokenizer, ModelFamily? family = null, LoraAdapter? adapter = null)
    {
        try
        {
            return new MaskedDiffusionModel(network, tokenizer) { Family = family, Adapter = adapter };
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A model of its own, to be disposed by itself, whose weights are this one's with an adapter merged in: W + (alpha / r) B A. It
    /// computes as fast as any other. The adapter of a training, merged into the model that the training began with, gives the bits of the
    /// trained one on the same machine and number of threads. Several adapters are merged one after the other. Where the weights are held
    /// in bfloat16, the sum is computed in 32 bits and rounded once.
    /// </summary>
    /// <param name="adapter">An adapter of this network; see <see cref="LoraAdapter.Load"/>.</param>
    /// <exception cref="ArgumentException">
    /// The network has no such layers, or in other sizes; the message names one.
    /// </exception>
    /// <exception cref="NotSupportedException">The weights are held in <see cref="WeightType.Int8"/>.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public MaskedDiffusionModel Merge(LoraAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        WeightTypes.RequireOwn(Network, "An adapter is merged into weights that are not rounded so: load the model's own files with "
            + "WeightType.Float32 or BFloat16, merge the adapter, save the result and load that with WeightType.Int8.");
        MaskedDiffusionModel merged = Clone();
        try
        {
            AdapterMerge.Into(merged.Network, Family, adapter);
            return merged;
        }
        catch
        {
            merged.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A model of the same weights, in the same memory and to be disposed by itself, whose attention goes by blocks
    /// (<see cref="TransformerConfig.AttentionBlockSize"/>): for published models that were trained so, whose files do not say it (dLLM's
    /// BD3LM models have blocks of 32), and to make a block diffusion model of one that sees the whole row, by training it on. The memory
    /// is freed when both models are disposed.
    /// </summary>
    /// <param name="size">Positions of a block, 1 or more; null for a model that sees the whole row.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="size"/> is below 1, or the network can have no blocks: an autoregressive one, or one with
    /// <see cref="TransformerConfig.LocalAttention"/>, <see cref="TransformerConfig.HasLengthTokens"/> or a
    /// <see cref="TransformerConfig.UniformShare"/>.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public MaskedDiffusionModel WithAttentionBlocks(int? size) =>
        new(Network.WithAttentionBlocks(size), Tokenizer) { Family = Family, Adapter = Adapter };

    /// <summary>A model of the same weights in memory, to be disposed by itself; the weights go with the last of them.</summary>
    internal MaskedDiffusionModel Share(Action released) => new(Network.Share(released), Tokenizer) { Family = Family, Adapter = Adapter };

    /// <summary>
    /// Frees the weights. Calls that are running in other threads end well; later ones throw <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _session?.Dispose();
            Network.Dispose();
        }
    }
}
