using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Families;

/// <summary>Writes a model as a folder in the layout of a published family, which appears whole or not at all.</summary>
internal static class HubFolderWriter
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>Writes the folder, which must not be there or be empty.</summary>
    /// <exception cref="NotSupportedException">
    /// The family's configuration cannot describe the network, and the message says what; or the weights are 8-bit ones.
    /// </exception>
    /// <exception cref="IOException">The disk refuses, or the folder holds something.</exception>
    public static void Write(MaskedDiffusionModel model, ModelFamily family, string path)
    {
        WeightTypes.RequireOwn(model.Network, "Published files have no such numbers: save the model with Save in this library's own form, "
            + "or load its own weights with WeightType.Automatic and save those.");
        byte[] config = ConfigOf(model, family);
        using UseCount.Use use = model.Network.Use();
        NewFolder.Write(path, "model", folder =>
        {
            DurableFiles.Create(Path.Combine(folder, HubConfig.FileName), stream => stream.Write(config));
            foreach ((string name, byte[] content) in model.Tokenizer.Files)
                DurableFiles.Create(Path.Combine(folder, name), stream => stream.Write(content));
            DurableFiles.Create(Path.Combine(folder, ModelReader.WeightsName),
                stream => SafetensorsWriter.WriteModel(stream, TensorsOf(model.Network, family)));
        });
    }

    private static byte[] ConfigOf(MaskedDiffusionModel model, ModelFamily family)
    {
        TransformerConfig network = model.Config;
        if (!network.Autoregressive && network.MaskTokenId >= network.VocabularySize)
        {
            throw new NotSupportedException($"The network \"{network.Name}\" cannot be written as a model of the type {family.ModelType}: "
                + $"its mask token {network.MaskTokenId} is none of its vocabulary of {network.VocabularySize}, where others look for it. "
                + "Train a network whose MaskTokenId is one of the tokenizer's, or save the model in this library's own form.");
        }
        JsonObject json = family.WriteNetwork(network);
        json["model_type"] = family.ModelType;
        json["architectures"] = new JsonArray(family.Architecture);
        json["dtype"] = model.Network.Type.ToString().ToLowerInvariant();
        if (model.Tokenizer.BeginningOfSequenceId is { } beginning)
            json["bos_token_id"] = beginning;
        if (model.Tokenizer.EndOfSequenceId is { } end)
            json["eos_token_id"] = end;
        RequireSame(network, json, family);
        return JsonSerializer.SerializeToUtf8Bytes(json, Indented);
    }

    // What is read again has to be the network, so that nothing of it is lost.
    private static void RequireSame(TransformerConfig network, JsonObject json, ModelFamily family)
    {
        var config = new HubConfig(JsonSerializer.SerializeToElement(json), HubConfig.FileName);
        TransformerConfig read = family.ReadNetwork(config);
        config.RefuseTheRest();
        config.ThrowIfFaulty();
        string[] lost =
        [
            .. typeof(TransformerConfig).GetProperties()
                .Where(property => property.CanWrite && property.Name != nameof(TransformerConfig.Name)
                    && !Equals(property.GetValue(read), property.GetValue(network)))
                .Select(property => FormattableString.Invariant(
                    $"{property.Name} is {property.GetValue(network) ?? "null"}, not {property.GetValue(read) ?? "null"}")),
        ];
        if (lost.Length > 0)
        {
            throw new NotSupportedException($"The network \"{network.Name}\" cannot be written as a model of the type {family.ModelType}, "
                + $"whose networks are others: {string.Join("; ", lost)}. Choose another type, or save the model in this "
                + "library's own form.");
        }
    }

    private static IEnumerable<WrittenTensor> TensorsOf(TransformerNetwork network, ModelFamily family) =>
        family.Tensors(network.Config).Where(tensor => !tensor.IsCopy).Select(tensor =>
        {
            torch.ScalarType type = TypeOf(network, tensor);
            return new WrittenTensor(tensor.Name, type, tensor.Shape, () => torch.cat(
            [
                .. tensor.Rows.OrderBy(rows => rows.From)
                    .Select(rows => network.Parameters[rows.Parameter].narrow(0, rows.To, rows.Count)),
            ]).to(type));
        });

    // Gains and biases of a network of bfloat16 numbers are 32-bit floats in memory, and are written in 16 bits where nothing is lost.
    private static torch.ScalarType TypeOf(TransformerNetwork network, StoredTensor tensor)
    {
        using var scope = torch.NewDisposeScope();
        bool isShort = tensor.Rows.All(rows =>
        {
            torch.Tensor values = network.Parameters[rows.Parameter];
            return values.dtype == network.Type || values.to(network.Type).to(values.dtype).eq(values).all().item<bool>();
        });
        return isShort ? network.Type : torch.ScalarType.Float32;
    }
}
