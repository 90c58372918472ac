using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Families;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Memory;

/// <summary>The shape of a published model, and a folder in its layout with random bfloat16 weights.</summary>
/// <param name="Name">What the model is called.</param>
/// <param name="Type">Its family's model type.</param>
/// <param name="Config">Its network.</param>
internal sealed record PublishedShape(string Name, string Type, TransformerConfig Config)
{
    // The weights repeat so many numbers: to draw billions would take longer than all that is measured.
    private const long DrawnNumbers = (1 << 22) + 1;

    // The standard deviation of the logits, so that some of a block's predictions are sure and most are not.
    private const double LogitDeviation = 6;

    /// <summary>The shapes that can be measured, with a context of some tokens.</summary>
    public static PublishedShape[] All(int context) =>
    [
        new("Qwen3-0.6B", "a2d-qwen3", new TransformerConfig
        {
            LayerCount = 28, HeadCount = 16, KeyValueHeadCount = 8, HeadSize = 128, EmbeddingSize = 1024, FeedForwardSize = 3072,
            VocabularySize = 151_936, ContextLength = context, NormEpsilon = 1e-6, RotaryBase = 1_000_000, HasQueryKeyNorm = true,
            TiesEmbeddings = true, MaskTokenId = 151_669,
        }),
        new("LLaDA-8B", "llada", new TransformerConfig
        {
            LayerCount = 32, HeadCount = 32, EmbeddingSize = 4096, FeedForwardSize = 12_288, VocabularySize = 126_464,
            ContextLength = context, RotaryBase = 500_000, MaskTokenId = 126_336,
        }),
    ];

    /// <summary>Writes config.json, the tokenizer of a few words and shards of at most two gibibytes, or of one tensor.</summary>
    public void Write(string folder)
    {
        const long ShardNumbers = 1 << 30;
        Directory.CreateDirectory(folder);
        ModelFamily family = ModelFamily.Find(Type)!;
        JsonObject config = family.WriteNetwork(Config);
        config["model_type"] = Type;
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        foreach ((string name, byte[] content) in BenchmarkTexts.TokenizerOf(100).Files)
            File.WriteAllBytes(Path.Combine(folder, name), content);
        using torch.Tensor draws = torch.randn(DrawnNumbers, generator: new torch.Generator(1));
        var shards = new List<List<WrittenTensor>>();
        long room = 0;
        foreach (StoredTensor tensor in family.Tensors(Config).Where(tensor => !tensor.IsCopy))
        {
            long count = tensor.Shape.Aggregate(1L, (size, next) => size * next);
            if (count > room)
            {
                shards.Add([]);
                room = ShardNumbers;
            }
            shards[^1].Add(new WrittenTensor(tensor.Name, torch.ScalarType.BFloat16, tensor.Shape, () => Draw(tensor, draws)));
            room -= count;
        }
        var map = new JsonObject();
        for (int i = 0; i < shards.Count; i++)
        {
            string file = $"model-{i + 1:00000}-of-{shards.Count:00000}.safetensors";
            using (FileStream stream = File.Create(Path.Combine(folder, file)))
                SafetensorsWriter.WriteModel(stream, shards[i]);
            foreach (WrittenTensor tensor in shards[i])
                map[tensor.Name] = file;
        }
        File.WriteAllText(
            Path.Combine(folder, "model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
    }

    private torch.Tensor Draw(StoredTensor tensor, torch.Tensor draws)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor values = torch.ones(tensor.Shape, torch.ScalarType.BFloat16);
        if (tensor.Shape.Length > 1)
        {
            string output = Config.TiesEmbeddings ? TransformerNetwork.EmbeddingName : TransformerNetwork.HeadName;
            double deviation = tensor.Rows[0].Parameter == output ? LogitDeviation / Math.Sqrt(Config.EmbeddingSize) : 0.02;
            torch.Tensor numbers = (draws * deviation).to(torch.ScalarType.BFloat16), flat = values.view(-1);
            for (long at = 0; at < flat.NumberOfElements; at += DrawnNumbers)
            {
                long count = Math.Min(DrawnNumbers, flat.NumberOfElements - at);
                flat.narrow(0, at, count).copy_(numbers.narrow(0, 0, count));
            }
        }
        return values.MoveToOuterDisposeScope();
    }
}
