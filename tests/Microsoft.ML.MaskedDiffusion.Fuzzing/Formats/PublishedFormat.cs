using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;
using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>A folder as models are published on the hub, of two families that differ in nearly everything.</summary>
internal sealed class PublishedFormat : FuzzFormat
{
    public override string Name => "published";

    public override void Open(string folder)
    {
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(folder, "cpu");
        model.Tokenizer.Decode(model.Tokenizer.Encode("the cat sat \u2603"));
    }

    protected override IReadOnlyList<FileSet> MakeSeeds()
    {
        TextTokenizer tokenizer = Formats.Seeds.Model.Tokenizer;
        var config = new TransformerConfig
        {
            LayerCount = 2,
            HeadCount = 2,
            EmbeddingSize = 8,
            FeedForwardSize = 16,
            VocabularySize = tokenizer.VocabularySize + 1,
            MaskTokenId = tokenizer.VocabularySize,
            ContextLength = 16,
            TiesEmbeddings = true,
        };
        return
        [
            Folder(config with { KeyValueHeadCount = 1, HeadSize = 6, HasQueryKeyNorm = true }, "a2d-qwen3"),
            Folder(config with
            {
                Norm = NormKind.Layer,
                Activation = GateActivation.Gelu,
                LocalAttention = new LocalAttention { Radius = 4, GlobalInterval = 2 },
                HasEmbeddingNorm = true,
                HasPredictionHead = true,
            }, "modernbert"),
        ];
    }

    private static FileSet Folder(TransformerConfig config, string type)
    {
        var network = new TransformerNetwork(config, torch.CPU);
        network.Initialize(1);
        using var model = new MaskedDiffusionModel(network, Formats.Seeds.Model.Tokenizer);
        FileSet written = Formats.Seeds.Written(folder => model.SavePublished(Path.Combine(folder, "model"), type));
        var files = new FileSet();
        foreach ((string name, byte[] content) in written)
            files[name["model/".Length..]] = content;
        return files;
    }
}
