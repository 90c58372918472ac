using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>The safetensors files of one model: a single file, or the shards that an index beside them names.</summary>
internal sealed class SafetensorsFiles : IDisposable
{
    private const int MaximumIndexBytes = 100_000_000;

    private readonly List<SafetensorsReader> _readers = [];

    private SafetensorsFiles()
    {
    }

    /// <summary>The open files.</summary>
    public IReadOnlyList<SafetensorsReader> Readers => _readers;

    /// <summary>Opens a .safetensors file, or the shards of a .safetensors.index.json, and reads their headers.</summary>
    /// <exception cref="FileNotFoundException">A shard is not there.</exception>
    /// <exception cref="InvalidDataException">The content is not safetensors, or the index does not fit its shards.</exception>
    public static SafetensorsFiles Open(string path)
    {
        var files = new SafetensorsFiles();
        try
        {
            if (!IsIndex(path))
            {
                files._readers.Add(SafetensorsReader.Open(path));
                return files;
            }
            Dictionary<string, string> map = ReadIndex(path);
            foreach (string file in map.Values.Distinct().Order(StringComparer.Ordinal))
                files._readers.Add(OpenShard(path, file));
            CheckIndex(path, map, files._readers);
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Opens the file that has a tensor: the single one, or the shard that the index names for it.</summary>
    /// <exception cref="InvalidDataException">The index names none.</exception>
    public static SafetensorsReader OpenFileOf(string path, string tensor) => IsIndex(path)
        ? OpenShard(path, ReadIndex(path).GetValueOrDefault(tensor)
            ?? throw new InvalidDataException($"{path}: the index names no tensor {FaultList.Quote(tensor)}."))
        : SafetensorsReader.Open(path);

    public void Dispose()
    {
        foreach (SafetensorsReader reader in _readers)
            reader.Dispose();
    }

    private static bool IsIndex(string path) => path.EndsWith(".json", StringComparison.OrdinalIgnoreCase);

    private static SafetensorsReader OpenShard(string index, string file)
    {
        string path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(index))!, file);
        return File.Exists(path) ? SafetensorsReader.Open(path) : throw new FileNotFoundException(
            $"{index}: the shard {FaultList.Quote(file)}, which the index names, is not beside it. Fetch all files of the model.", path);
    }

    private static Dictionary<string, string> ReadIndex(string path)
    {
        if (FileLength.Of(path) > MaximumIndexBytes)
            throw new InvalidDataException(
                $"{path}: an index of shards has at most {MaximumIndexBytes} bytes; the file is something else.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(JsonFile.Read(path));
            var map = new Dictionary<string, string>();
            foreach (JsonProperty item in document.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                string tensor = FaultList.Quote(item.Name);
                string file = item.Value.GetString() ?? throw new InvalidDataException(
                    $"{path}: the index says null for the file of {tensor}. Fetch an intact copy.");
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
