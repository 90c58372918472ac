using Reproduce.Runs;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The file of a pre-trained model, as far as one step goes.</summary>
internal static class PretrainedFile
{
    /// <summary>Trains the model, and gives the path of its file in the folder.</summary>
    public static string Write(TemporaryFolder folder, ModelKind kind, int vocabularySize = 400)
    {
        var ml = new MLContext(1);
        string path = folder.File($"{kind}.mdm");
        var options = new TrainerOptions
        {
            Network = new TransformerConfig
            {
                Name = "small", LayerCount = 1, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 16, ContextLength = 1100,
            },
            Tokenizer = TokenizerSource.TrainBytePairEncoding(vocabularySize),
            MaxSteps = 1,
        };
        IDataView rows = ml.Data.LoadFromEnumerable(
            Enumerable.Range(0, 50).Select(i => new TextRow { Text = $"Known for being the inventor of the kite {i}, Ann Reed is here." }));
        using MaskedDiffusionModel model = (kind == ModelKind.MaskedDiffusion
            ? ml.MaskedDiffusion().Trainer(options).Fit(rows) : ml.MaskedDiffusion().AutoregressiveTrainer(options).Fit(rows)).Model;
        model.Save(path);
        return path;
    }
}
