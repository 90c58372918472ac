using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>
/// Fills a network from one or more safetensors files, one tensor at a time. One error lists everything that does not fit, before any
/// weight is read.
/// </summary>
internal static unsafe class WeightFiles
{
    private const int MaximumIndexBytes = 100_000_000;

    /// <summary>Loads a .safetensors file, or the shards of a .safetensors.index.json.</summary>
    /// <param name="path">The file or the index.</param>
    /// <param name="network">The network to fill.</param>
    /// <param name="layout">The tensors of the files; null: the network's parameters as they are.</param>
    /// <exception cref="InvalidDataException">
    /// The content is not safetensors, the names, shapes or types are not those of the network, or a number is not finite.
    /// </exception>
    public static void Load(string path, TransformerNetwork network, WeightLayout? layout = null)
    {
        if (!path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
        {
            using SafetensorsReader reader = SafetensorsReader.Open(path);
            Load([reader], network, path, layout);
            return;
        }
        List<SafetensorsReader> shards = [];
        try
        {
            Dictionary<string, string> map = ReadIndex(path);
            foreach (string file in map.Values.Distinct().Order(StringComparer.Ordinal))
                shards.Add(OpenShard(path, file));
            CheckIndex(path, map, shards);
            Load(shards, network, path, layout);
        }
        finally
        {
            foreach (SafetensorsReader shard in shards)
                shard.Dispose();
        }
    }

    /// <summary>
    /// Whether the weights are of an autoregressive network: its input embedding has a row for every token but none for the mask.
    /// </summary>
    public static bool IsAutoregressive(string path, TransformerConfig config)
    {
        const string Embedding = "transformer.wte.weight";
        using SafetensorsReader reader = path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            ? OpenShard(path, ReadIndex(path).GetValueOrDefault(Embedding)
                ?? throw new InvalidDataException($"{path}: the index names no tensor \"{Embedding}\"."))
            : SafetensorsReader.Open(path);
        return reader.TryFind(Embedding, out SafetensorsEntry entry) && entry.Shape is [long rows, _] && rows == config.VocabularySize;
    }

    /// <summary>Loads from open files, each of which is read from its beginning to its end.</summary>
    public static void Load(
        IReadOnlyList<SafetensorsReader> shards, TransformerNetwork network, string source, WeightLayout? layout = null)
    {
        layout ??= WeightLayout.Of(network);
        layout.Check(shards, source);
        using IDisposable noGradient = no_grad();
        foreach (SafetensorsReader shard in shards)
            foreach (SafetensorsEntry entry in shard.Entries)
                if (layout.Find(entry.Name) is { IsCopy: false } tensor)
                    Read(shard, entry, tensor, network, source);
        // What they repeat has been read by now.
        foreach (SafetensorsReader shard in shards)
            foreach (SafetensorsEntry entry in shard.Entries)
                if (layout.Find(entry.Name) is { IsCopy: true } tensor)
                    Compare(shard, entry, tensor, network, source);
    }

    // Straight into the parameter where the tensor is one and the parameter can be written to, else by way of other memory.
    private static void Read(
        SafetensorsReader shard, SafetensorsEntry entry, StoredTensor tensor, TransformerNetwork network, string source)
    {
        using var scope = NewDisposeScope();
        Tensor first = network.Parameters[tensor.Rows[0].Parameter];
        bool inPlace = tensor.Rows.Length == 1 && first.shape.AsSpan().SequenceEqual(tensor.Shape) && TensorMemory.IsFast(first);
        Tensor values = inPlace ? first : empty(entry.Shape, ScalarType.Float32);
        ReadFinite(shard, entry, values, source);
        if (inPlace)
            return;
        foreach (StoredRows rows in tensor.Rows)
            network.Parameters[rows.Parameter].narrow(0, rows.To, rows.Count).copy_(values.narrow(0, rows.From, rows.Count));
    }

    private static void Compare(
        SafetensorsReader shard, SafetensorsEntry entry, StoredTensor tensor, TransformerNetwork network, string source)
    {
        using var scope = NewDisposeScope();
        Tensor values = empty(entry.Shape, ScalarType.Float32);
        ReadFinite(shard, entry, values, source);
        foreach (StoredRows rows in tensor.Rows)
        {
            Tensor parameter = network.Parameters[rows.Parameter].narrow(0, rows.To, rows.Count);
            Tensor same = values.narrow(0, rows.From, rows.Count).to(parameter.dtype, parameter.device).eq(parameter).all();
            if (!same.item<bool>())
            {
                throw new InvalidDataException($"{source}: tensor {FaultList.Quote(entry.Name)} differs from the embedding table, although "
                    + "the configuration ties the two. Set tie_word_embeddings to false in config.json if the model was trained so.");
            }
        }
    }

    private static void ReadFinite(SafetensorsReader shard, SafetensorsEntry entry, Tensor values, string source)
    {
        var span = new Span<float>(TensorMemory.Floats(values), checked((int)entry.ElementCount));
        shard.ReadSingles(entry, span);
        if (!IsFinite(span))
        {
            throw new InvalidDataException(
                $"{source}: tensor {FaultList.Quote(entry.Name)} holds numbers that are not finite (NaN or infinity).");
        }
    }

    /// <summary>Whether all values are numbers, neither NaN nor infinity.</summary>
    internal static bool IsFinite(ReadOnlySpan<float> values)
    {
        // A sum with a NaN or an infinity in it is not finite, so one sum for many values is enough as long as it is finite.
        const int Piece = 1 << 16;
        for (int i = 0; i < values.Length; i += Piece)
        {
            if (!float.IsFinite(TensorPrimitives.SumOfMagnitudes(values.Slice(i, Math.Min(Piece, values.Length - i)))))
                return EachIsFinite(values[i..]);
        }
        return true;

        // The sum of finite numbers may itself be too large to be finite.
        static bool EachIsFinite(ReadOnlySpan<float> rest)
        {
            foreach (float value in rest)
                if (!float.IsFinite(value))
                    return false;
            return true;
        }
    }

    private static SafetensorsReader OpenShard(string index, string file)
    {
        string path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(index))!, file);
        return File.Exists(path) ? SafetensorsReader.Open(path) : throw new FileNotFoundException(
            $"{index}: the shard {FaultList.Quote(file)}, which the index names, is not beside it. Fetch all files of the model.", path);
    }

    private static Dictionary<string, string> ReadIndex(string path)
    {
        if (new FileInfo(path).Length > MaximumIndexBytes)
            throw new InvalidDataException(
                $"{path}: an index of shards has at most {MaximumIndexBytes} bytes; the file is something else.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(JsonFile.Read(path));
            var map = new Dictionary<string, string>();
            foreach (JsonProperty item in document.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                string tensor = FaultList.Quote(item.Name);
                string file = item.Value.GetString() ?? throw new InvalidDataException($"{path}: {tensor} has no file.");
                if (Path.GetFileName(file) != file || file.Length == 0)
                {
                    throw new InvalidDataException(
                        $"{path}: {FaultList.Quote(file)} is not a plain file name; shards must lie beside their index.");
                }
                if (!map.TryAdd(item.Name, file))
                    throw new InvalidDataException($"{path}: {tensor} appears twice.");
            }
            if (map.Count == 0)
                throw new InvalidDataException($"{path}: the index names no tensors.");
            return map;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException(
                $"{path}: an index of safetensors shards has an object \"weight_map\" from tensor to file: {error.Message}", error);
        }
    }

    private static void CheckIndex(string path, Dictionary<string, string> map, List<SafetensorsReader> shards)
    {
        var faults = new FaultList(path);
        Dictionary<string, SafetensorsReader> byFile = shards.ToDictionary(shard => Path.GetFileName(shard.File));
        foreach ((string tensor, string file) in map)
            if (!byFile[file].TryFind(tensor, out _))
                faults.Add($"tensor {FaultList.Quote(tensor)} is not in {file}, where the index says it is");
        faults.ThrowIfAny();
    }
}
