using Microsoft.ML.MaskedDiffusion.Files;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>Reads a saved model. Whatever is wrong with a file is an <see cref="InvalidDataException"/> that names it.</summary>
internal static class ModelReader
{
    public const string WeightsName = "model.safetensors";
    public const string TokenizerFolder = "tokenizer/";
    private const long SmallFileLimit = 256L << 20;

    public static (TransformerNetwork Network, TextTokenizer Tokenizer) Read(
        IModelStore store, torch.Device device, WeightType type)
    {
        string source = store.Source;
        return Explained(source, () =>
        {
            (ModelManifest manifest, TransformerConfig config) = ReadManifest(store);
            string[] names = [.. manifest.Files.Where(name => name.StartsWith(TokenizerFolder, StringComparison.Ordinal))];
            // Small files can be many, so their sum counts too, before any of them is read.
            double sum = names.Sum(name => (double)manifest.Length(name, source));
            if (sum > SmallFileLimit)
            {
                throw new InvalidDataException(
                    $"{source}: the tokenizer's files have {sum} bytes in all, and at most {SmallFileLimit} are read.");
            }
            Dictionary<string, byte[]> tokenizerFiles =
                names.ToDictionary(name => name[TokenizerFolder.Length..], name => ReadSmall(store, name, manifest));
            TextTokenizer tokenizer = TextTokenizer.FromFiles(tokenizerFiles);
            if (tokenizer.VocabularySize > config.VocabularySize)
            {
                throw new InvalidDataException(
                    $"{source}: the tokenizer has {tokenizer.VocabularySize} tokens, but the network has only {config.VocabularySize}. "
                    + "Use the tokenizer that the network was trained with.");
            }
            return (ReadWeights(store, manifest, config, device, type), tokenizer);
        });
    }

    /// <summary>The network alone, without its weights.</summary>
    public static TransformerConfig ReadConfig(IModelStore store) => Explained(store.Source, () => ReadManifest(store).Config);

    private static (ModelManifest Manifest, TransformerConfig Config) ReadManifest(IModelStore store)
    {
        string source = store.Source;
        if (!store.Files.Contains(ModelManifest.Name))
            throw new InvalidDataException(
                $"{source}: there is no {ModelManifest.Name}; this is not a saved model, or saving it was not completed.");
        ModelManifest manifest = ModelManifest.Read(ReadSmall(store, ModelManifest.Name, null), source);
        CheckFiles(store, manifest);
        return (manifest, ModelConfigFile.Read(ReadSmall(store, ModelConfigFile.Name, manifest), source));
    }

    private static T Explained<T>(string source, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (
            error is EndOfStreamException or NotSupportedException or OverflowException or ArgumentException and not ArgumentNullException)
        {
            // These are the errors of the archive reader for damaged archives.
            throw new InvalidDataException($"{source}: the content is damaged: {error.Message}", error);
        }
    }

    private static void CheckFiles(IModelStore store, ModelManifest manifest)
    {
        var faults = new FaultList(store.Source);
        foreach (string name in manifest.Files.Append(ModelConfigFile.Name).Append(WeightsName).Distinct())
        {
            if (!store.Files.Contains(name))
                faults.Add($"{FaultList.Quote(name)} is missing");
        }
        faults.ThrowIfAny();
    }

    private static TransformerNetwork ReadWeights(
        IModelStore store, ModelManifest manifest, TransformerConfig config, torch.Device device, WeightType type)
    {
        (Stream content, long limit) = store.Open(WeightsName);
        using var stream = new HashingStream(content);
        long length = manifest.Length(WeightsName, store.Source);
        string source = $"{store.Source}, {WeightsName}";
        // This is checked before memory is taken for what the configuration claims. A number has at least one byte in the file.
        if (length > limit || config.ParameterCount > length)
        {
            throw new InvalidDataException($"{source}: {Math.Min(length, limit)} bytes cannot hold the {config.ParameterCount} numbers of "
                + $"{ModelConfigFile.Name}; the file is cut off or altered.");
        }
        // The reader reads the header of the file before the network is created.
        using var reader = new SafetensorsReader(stream, source, length);
        var network = new TransformerNetwork(config, device, WeightFiles.TypeFor([reader], type));
        try
        {
            WeightFiles.Load([reader], network, source);
            Drain(stream);
            manifest.Check(WeightsName, store.Source, stream);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private static byte[] ReadSmall(IModelStore store, string name, ModelManifest? manifest)
    {
        (Stream content, long limit) = store.Open(name);
        using var stream = new HashingStream(content);
        long length = manifest?.Length(name, store.Source) ?? limit;
        if (length > Math.Min(limit, SmallFileLimit))
        {
            throw new InvalidDataException(
                $"{store.Source}, {name}: {length} bytes were saved, {limit} are there (at most {SmallFileLimit} are read).");
        }
        var bytes = new byte[length];
        int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        Drain(stream);
        if (manifest is null && read != stream.Count)
            throw new InvalidDataException($"{store.Source}, {name}: the length is not what the archive says.");
        manifest?.Check(name, store.Source, stream);
        return bytes[..read];
    }

    // Reads to the end, so that surplus bytes are counted and hashed too, but not on and on in a file that never ends.
    private static void Drain(HashingStream stream)
    {
        Span<byte> rest = stackalloc byte[4096];
        for (int i = 0; i < 16 && stream.Read(rest) > 0; i++)
        {
        }
    }
}
