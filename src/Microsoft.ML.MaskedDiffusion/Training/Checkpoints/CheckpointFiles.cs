using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

/// <summary>
/// The files of one checkpoint: weights under their own names (so the file opens as a model's), moments, the averaged weights where there
/// are some, the best weights where they are others, state.json, and a manifest of lengths and hashes.
/// </summary>
internal static class CheckpointFiles
{
    private const string Weights = "model.safetensors";
    private const string Moments = "optimizer.safetensors";
    private const string Best = "best.safetensors";
    private const string Average = "average.safetensors";

    public static void Write(string folder, CheckpointContent content, CheckpointState state)
    {
        var manifest = new ModelManifest();
        void Add(string name, Action<Stream> write)
        {
            using var file = new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write);
            using var hashing = new HashingStream(file, leaveOpen: true);
            write(hashing);
            file.Flush(flushToDisk: true);
            manifest.Add(name, hashing.Count, hashing.Hash());
        }
        Add(Weights, stream => SafetensorsWriter.Write(stream, WeightsOf(content), new Dictionary<string, string> { ["format"] = "pt" }));
        Add(Moments, stream => SafetensorsWriter.Write(stream, MomentsOf(content)));
        if (HasOtherBest(state))
            Add(Best, stream => SafetensorsWriter.Write(stream, content.Best.Tensors));
        if (content.Average is { } average)
            Add(Average, stream => SafetensorsWriter.Write(stream, average.Tensors));
        Add(CheckpointState.Name, stream => stream.Write(state.Write()));
        using var last = new FileStream(Path.Combine(folder, ModelManifest.Name), FileMode.CreateNew, FileAccess.Write);
        last.Write(manifest.Write());
        last.Flush(flushToDisk: true);
    }

    /// <summary>Checks every file against the manifest and gives the state.</summary>
    /// <exception cref="InvalidDataException">A file is missing or not as written.</exception>
    public static CheckpointState Verify(string folder)
    {
        try
        {
            ModelManifest manifest = ModelManifest.Read(File.ReadAllBytes(Path.Combine(folder, ModelManifest.Name)), folder);
            foreach (string name in manifest.Files)
            {
                using var hashing = new HashingStream(File.OpenRead(Path.Combine(folder, name)));
                hashing.CopyTo(Stream.Null);
                manifest.Check(name, folder, hashing.Count, hashing.Hash());
            }
            CheckpointState state = CheckpointState.Read(folder);
            foreach (string name in HasOtherBest(state) ? [Weights, Moments, Best] : new[] { Weights, Moments })
                _ = manifest.Length(name, folder);
            return state;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidDataException($"{folder}: {error.Message}", error);
        }
    }

    /// <summary>Fills a training's tensors with a verified checkpoint's.</summary>
    public static void Restore(string folder, CheckpointContent content, CheckpointState state)
    {
        using var noGradient = torch.no_grad();
        Fill(Path.Combine(folder, Weights), WeightsOf(content));
        Fill(Path.Combine(folder, Moments), MomentsOf(content));
        if (content.Average is { } average)
            Fill(Path.Combine(folder, Average), average.Tensors);
        if (state.BestStep is not { } best)
            return;
        using (content.Average?.Apply())
            content.Best.Take(best);
        if (HasOtherBest(state))
            Fill(Path.Combine(folder, Best), content.Best.Tensors);
    }

    // The best weights are those at hand when they were measured at this very step.
    private static bool HasOtherBest(CheckpointState state) => state.BestStep is { } best && best != state.Step;

    private static IEnumerable<KeyValuePair<string, torch.Tensor>> WeightsOf(CheckpointContent content) =>
        content.Network.Parameters.Select(item => KeyValuePair.Create(item.Key, (torch.Tensor)item.Value));

    private static IEnumerable<KeyValuePair<string, torch.Tensor>> MomentsOf(CheckpointContent content) =>
        content.Optimizer.Slots.SelectMany(slot => new[]
    {
        KeyValuePair.Create("first." + slot.Name, slot.FirstMoment),
        KeyValuePair.Create("second." + slot.Name, slot.SecondMoment),
    });

    private static void Fill(string path, IEnumerable<KeyValuePair<string, torch.Tensor>> tensors)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        var faults = new FaultList(path);
        KeyValuePair<string, torch.Tensor>[] all = [.. tensors];
        foreach ((string name, torch.Tensor tensor) in all)
        {
            if (!reader.TryFind(name, out SafetensorsEntry entry))
                faults.Add($"tensor {FaultList.Quote(name)} is missing");
            else if (!tensor.shape.AsSpan().SequenceEqual(entry.Shape))
                faults.Add($"tensor {FaultList.Quote(name)} has shape {entry.ShapeText}, expected is [{string.Join(", ", tensor.shape)}]");
        }
        if (reader.Entries.Count > all.Length)
            faults.Add($"there are {reader.Entries.Count} tensors, expected are {all.Length}");
        faults.ThrowIfAny();
        foreach ((string name, torch.Tensor tensor) in all)
        {
            using var scope = torch.NewDisposeScope();
            SafetensorsEntry entry = reader.Find(name);
            torch.Tensor values = torch.empty(entry.Shape, torch.ScalarType.Float32);
            reader.ReadSingles(entry, TensorMemory.FloatSpan(values));
            tensor.copy_(values);
        }
    }
}
