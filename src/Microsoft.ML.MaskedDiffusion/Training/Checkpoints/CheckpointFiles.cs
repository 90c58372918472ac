using System.Runtime.InteropServices;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.ProcessGroups;
using Microsoft.ML.MaskedDiffusion.Training.Adapters;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

/// <summary>The parts of a running training that a checkpoint stores and restores.</summary>
internal sealed record CheckpointContent(
    ITrainableWeights Trained, AdamWOptimizer Optimizer, TrainingState State, WeightSnapshot Best, WeightAverage? Average,
    LossMeter Meter);

/// <summary>
/// The files of one checkpoint: the weights that are trained under their own names (so that the file can be opened as a model's, unless it
/// holds adapters alone), the optimizer's moments, the averaged weights if weights are averaged, the best weights if they are not the
/// current ones, state.json, and a manifest with the length and SHA-256 of each.
/// </summary>
internal static class CheckpointFiles
{
    private const int SentNumbers = 1 << 24;
    private const string Weights = "model.safetensors";
    private const string Moments = "optimizer.safetensors";
    private const string Best = "best.safetensors";
    private const string Average = "average.safetensors";

    /// <summary>
    /// What of a folder is a checkpoint's: the files that its manifest lists, or, where the manifest is damaged, files of a checkpoint's
    /// names beside its state.
    /// </summary>
    public static OwnFiles FindOurs(string folder)
    {
        try
        {
            string[] listed = [.. ModelManifest.ReadFolder(folder).Files];
            return listed.Contains(CheckpointState.Name)
                ? new OwnFiles([.. listed, ModelManifest.Name]) : OwnFiles.None($"its {ModelManifest.Name} is not a checkpoint's");
        }
        catch (InvalidDataException error)
        {
            return HasState(folder)
                ? new OwnFiles([Weights, Moments, Best, Average, CheckpointState.Name, ModelManifest.Name]) : OwnFiles.None(error.Message);
        }
    }

    /// <summary>Writes a checkpoint into an empty folder.</summary>
    public static void Write(string folder, CheckpointContent content, CheckpointState state)
    {
        var manifest = new ModelManifest();
        void Add(string name, Action<Stream> write) =>
            DurableFiles.Create(Path.Combine(folder, name), stream => manifest.Write(name, stream, write));
        Add(Weights, stream => SafetensorsWriter.WriteModel(stream, WeightsOf(content)));
        Add(Moments, stream => SafetensorsWriter.Write(stream, MomentsOf(content)));
        if (HasOtherBest(state))
            Add(Best, stream => SafetensorsWriter.Write(stream, content.Best.Tensors));
        if (content.Average is { } average)
            Add(Average, stream => SafetensorsWriter.Write(stream, average.Tensors));
        Add(CheckpointState.Name, stream => stream.Write(state.Write()));
        DurableFiles.Create(Path.Combine(folder, ModelManifest.Name), stream => stream.Write(manifest.ToJson()));
    }

    /// <summary>Compares every file with the manifest, and reads the state.</summary>
    /// <exception cref="InvalidDataException">A file is missing or is not as it was written.</exception>
    public static CheckpointState Verify(string folder)
    {
        try
        {
            ModelManifest manifest = ModelManifest.ReadFolder(folder);
            foreach (string name in manifest.Files)
            {
                using var hashing = new HashingStream(File.OpenRead(Path.Combine(folder, name)));
                hashing.CopyTo(Stream.Null);
                manifest.Check(name, folder, hashing);
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

    /// <summary>Fills a training's tensors from a checkpoint that was verified.</summary>
    public static void Restore(string folder, CheckpointContent content, CheckpointState state)
    {
        using var noGradient = torch.no_grad();
        Fill(Path.Combine(folder, Weights), WeightsOf(content));
        Fill(Path.Combine(folder, Moments), MomentsOf(content));
        if (content.Average is { } average)
            Fill(Path.Combine(folder, Average), average.Tensors);
        content.Trained.Apply();
        if (state.BestStep is null)
            return;
        using (content.Average?.Apply())
            content.Best.Take();
        if (HasOtherBest(state))
            Fill(Path.Combine(folder, Best), content.Best.Tensors);
    }

    /// <summary>Gives the tensors that the first rank has restored to the others.</summary>
    public static void Send(IProcessGroup group, CheckpointContent content, CheckpointState state)
    {
        if (group.Size == 1)
            return;
        using var noGradient = torch.no_grad();
        Send(group, WeightsOf(content));
        Send(group, MomentsOf(content));
        if (content.Average is { } average)
            Send(group, average.Tensors);
        content.Trained.Apply();
        if (state.BestStep is null)
            return;
        if (!group.IsFirst())
        {
            using (content.Average?.Apply())
                content.Best.Take();
        }
        Send(group, content.Best.Tensors);
    }

    private static void Send(IProcessGroup group, IEnumerable<KeyValuePair<string, torch.Tensor>> tensors)
    {
        foreach (torch.Tensor tensor in tensors.Select(item => item.Value))
        {
            using var scope = torch.NewDisposeScope();
            torch.Tensor host = tensor.detach().to(torch.ScalarType.Float32).cpu().contiguous();
            // In pieces: the bytes of a large tensor are more than a span may have.
            Span<float> left = TensorMemory.FloatSpan(host);
            for (; left.Length > SentNumbers; left = left[SentNumbers..])
                group.Broadcast(MemoryMarshal.AsBytes(left[..SentNumbers]), root: 0);
            group.Broadcast(MemoryMarshal.AsBytes(left), root: 0);
            if (!group.IsFirst())
                tensor.copy_(host);
        }
    }

    private static bool HasState(string folder)
    {
        try
        {
            return CheckpointState.Read(folder) is not null;
        }
        catch (Exception error) when (error is InvalidDataException or FileNotFoundException)
        {
            return false;
        }
    }

    // If the best weights were measured at the step of the checkpoint, they are the current ones.
    private static bool HasOtherBest(CheckpointState state) => state.BestStep is { } best && best != state.Step;

    private static IEnumerable<KeyValuePair<string, torch.Tensor>> WeightsOf(CheckpointContent content) =>
        content.Trained.Parameters.Select(item => KeyValuePair.Create(item.Key, (torch.Tensor)item.Value));

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
            string quoted = FaultList.Quote(name);
            if (!reader.TryFind(name, out SafetensorsEntry entry))
                faults.Add($"tensor {quoted} is missing");
            else if (!tensor.shape.AsSpan().SequenceEqual(entry.Shape))
                faults.Add($"tensor {quoted} has shape {entry.ShapeText}, expected is [{string.Join(", ", tensor.shape)}]");
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
            if (!WeightFiles.IsFinite(TensorMemory.FloatSpan(values)))
            {
                throw new InvalidDataException($"{path}: tensor {FaultList.Quote(name)} holds numbers that are not finite (NaN or "
                    + "infinity). Remove this checkpoint to go on from the one before.");
            }
            tensor.copy_(values);
        }
    }
}
