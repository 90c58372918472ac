using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

// Sentences with a rule in them, so that a network has something to learn: which day follows which.
string[] days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
var ml = new MLContext(seed: 1);
var random = new Random(1);
int[] numbers = [.. Enumerable.Range(0, 2000).Select(_ => random.Next(7))];
Row[] sentences = [.. numbers.Select(i => new Row { Text = $"{days[i]} comes before {days[(i + 1) % 7]}." })];
DataOperationsCatalog.TrainTestData split = ml.Data.TrainTestSplit(ml.Data.LoadFromEnumerable(sentences), testFraction: 0.05);

// Ctrl+C ends the search and keeps the best so far. Started again, the search goes on where it was.
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    stop.Cancel();
};
string folder = Path.Combine("artifacts", "search");
var small = new TransformerConfig
{
    Name = "small", LayerCount = 1, HeadCount = 2, EmbeddingSize = 32, FeedForwardSize = 128, ContextLength = 32,
};
var large = new TransformerConfig
{
    Name = "large", LayerCount = 2, HeadCount = 2, EmbeddingSize = 64, FeedForwardSize = 256, ContextLength = 32,
};
using SearchResult result = ml.MaskedDiffusion().Search(split.TrainSet, new SearchOptions
{
    // A trial's budget: what 270 steps of the large network cost. The small one trains on several times as many sentences for that.
    Trainer = new TrainerOptions { Network = large, Tokenizer = TokenizerSource.TrainBytePairEncoding(512), MaxSteps = 270 },
    Space = new SearchSpace()
        .Range("LearningRate", 1e-4, 1e-1, logarithmic: true)
        .Range("BatchSize", 4, 32, logarithmic: true)
        .Choice("Noise.LossWeighting", LossWeighting.InverseNoiseLevel, LossWeighting.Uniform)
        .Choice("Network", small, large),
    Metric = SearchMetric.BitsPerByte(split.TestSet, maxDocuments: 50),
    MaxTrials = 18,
    Folder = folder,
    Resume = true,
    Progress = new ConsoleProgress(Console.Out),
    CancellationToken = stop.Token,
});

Console.WriteLine();
Console.WriteLine(result);
string report = Path.Combine(folder, "report.html");
result.SaveReport(report);
Console.WriteLine($"All trials: {report}");

// The result is an ordinary transformer, and its options train a model for longer.
ml.Model.Save(result.Transformer, split.TrainSet.Schema, Path.Combine(folder, "model.zip"));
TrainerOptions best = result.BestOptions;
Console.WriteLine($"Best: learning rate {best.LearningRate:g2}, {best.BatchSize} sentences a step, network \"{best.Network.Name}\"");

internal sealed class Row
{
    public string Text { get; set; } = "";
}
