using Microsoft.ML.MaskedDiffusion.Files;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>Which tensors files of weights must have, and where their rows belong.</summary>
/// <param name="tensors">The tensors; together they are all parameters of a network.</param>
/// <param name="isPassedOver">Whether a tensor that is none of them holds nothing of the network; null: none is.</param>
internal sealed class WeightLayout(IEnumerable<StoredTensor> tensors, Func<string, bool>? isPassedOver = null)
{
    private readonly Dictionary<string, StoredTensor> _tensors = tensors.ToDictionary(tensor => tensor.Name);

    /// <summary>The network's own layout: its parameters by their names.</summary>
    public static WeightLayout Of(TransformerNetwork network) =>
        new(network.Parameters.Select(item => StoredTensor.Whole(item.Key, item.Key, item.Value.shape)));

    /// <summary>
    /// The layout of a network of 8-bit matrices in the library's own files: its parameters as they are, and the scales under their
    /// matrices' names with <see cref="TransformerNetwork.ScaleSuffix"/>.
    /// </summary>
    public static WeightLayout OfInt8(TransformerNetwork network) => new(network.Stored.Select(item =>
        StoredTensor.Whole(item.Key, item.Key, item.Value.shape) with { IsInt8 = item.Value.dtype == ScalarType.Int8 }));

    /// <summary>The tensor of a name; null where the layout has none.</summary>
    public StoredTensor? Find(string name) => _tensors.GetValueOrDefault(name);

    /// <summary>Requires files to have all of the tensors, in their shapes, and no others.</summary>
    /// <exception cref="InvalidDataException">They have not; the message lists what is wrong.</exception>
    public void Check(IReadOnlyList<SafetensorsReader> files, string source)
    {
        var faults = new FaultList(source);
        var found = new HashSet<string>();
        foreach (SafetensorsEntry entry in files.SelectMany(file => file.Entries))
        {
            string quoted = FaultList.Quote(entry.Name);
            StoredTensor? tensor = Find(entry.Name);
            if (!found.Add(entry.Name))
                faults.Add($"tensor {quoted} is in more than one file");
            else if (tensor is null && isPassedOver?.Invoke(entry.Name) == true)
                continue;
            else if (tensor is null)
                faults.Add($"tensor {quoted} is not expected");
            else if (!tensor.Shape.AsSpan().SequenceEqual(entry.Shape))
                faults.Add($"tensor {quoted} has shape {entry.ShapeText}, expected is [{string.Join(", ", tensor.Shape)}]");
            else if (tensor.IsInt8 && entry.Type != SafetensorsType.I8)
                faults.Add($"tensor {quoted} is of type {entry.Type}, expected is I8, as the other matrices are");
            else if (!tensor.IsInt8
                && entry.Type is not (SafetensorsType.F32 or SafetensorsType.BF16 or SafetensorsType.F16 or SafetensorsType.F64))
                faults.Add($"tensor {quoted} is of type {entry.Type}, expected is F32, BF16, F16 or F64");
        }
        foreach (StoredTensor tensor in _tensors.Values)
            if (!tensor.IsCopy && !found.Contains(tensor.Name))
                faults.Add($"tensor {FaultList.Quote(tensor.Name)} is missing");
        faults.ThrowIfAny();
    }
}
