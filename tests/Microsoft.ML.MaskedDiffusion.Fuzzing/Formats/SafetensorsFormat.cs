using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>Weights that another program wrote: one file, or two and their index; and 8-bit ones in one file.</summary>
internal sealed class SafetensorsFormat : FuzzFormat
{
    private const string Single = "model.safetensors", Index = "model.safetensors.index.json";

    public override string Name => "safetensors";

    public override (IReadOnlyList<byte[]> Inputs, Func<byte[], FileSet> FilesOf)? Guided =>
        ([Seeds[0][Single]], input => new FileSet { [Single] = input });

    public override void Open(string folder)
    {
        string index = Path.Combine(folder, Index);
        string path = File.Exists(index) ? index : Path.Combine(folder, Single);
        MaskedDiffusionModel model = Formats.Seeds.Model;
        MaskedDiffusionModel.FromSafetensors(path, model.Config, model.Tokenizer, "cpu").Dispose();
    }

    protected override IReadOnlyList<FileSet> MakeSeeds()
    {
        KeyValuePair<string, torch.Tensor>[] weights =
            [.. Formats.Seeds.Model.Network.Parameters.Select(item => KeyValuePair.Create(item.Key, (torch.Tensor)item.Value))];
        using MaskedDiffusionModel int8 = Formats.Seeds.Model.Clone("cpu", WeightType.Int8);
        int half = weights.Length / 2;
        var map = weights.Select((item, i) => (item.Key, File: i < half ? "one.safetensors" : "two.safetensors"))
            .ToDictionary(item => item.Key, item => item.File);
        return
        [
            new FileSet { [Single] = Bytes(weights) },
            new FileSet
            {
                ["one.safetensors"] = Bytes(weights[..half]), ["two.safetensors"] = Bytes(weights[half..]),
                [Index] = JsonSerializer.SerializeToUtf8Bytes(new { metadata = new { total_size = 1 }, weight_map = map }),
            },
            new FileSet { [Single] = Bytes(int8.Network.Stored) },
        ];
    }

    private static byte[] Bytes(IEnumerable<KeyValuePair<string, torch.Tensor>> tensors)
    {
        using var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, tensors);
        return stream.ToArray();
    }
}
