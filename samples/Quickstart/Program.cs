using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion;

string[] days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
var ml = new MLContext(seed: 1);
var random = new Random(1);
int[] numbers = [.. Enumerable.Range(0, 2000).Select(_ => random.Next(7))];
Row[] sentences = [.. numbers.Select(i => new Row { Text = $"{days[i]} comes before {days[(i + 1) % 7]}." })];
IDataView corpus = ml.Data.LoadFromEnumerable(sentences);

using var lm = ml.MaskedDiffusion().Trainer(new TrainerOptions
{
    TextColumnName = "Text",
    Network = new TransformerConfig { LayerCount = 2, HeadCount = 2, EmbeddingSize = 64, FeedForwardSize = 256, ContextLength = 32 },
    Tokenizer = TokenizerSource.TrainBytePairEncoding(vocabularySize: 512),
    MaxSteps = 1000,
    LearningRate = 3e-3,
}).Fit(corpus);
ml.Model.Save(lm, corpus.Schema, "days.zip");           // plain ML.NET: ml.Model.Load works in any process

var gaps = ml.Data.LoadFromEnumerable(
    new[] { new Row { Text = "Friday comes before [MASK]." }, new Row { Text = "[MASK] comes before Friday." } });
foreach (string filled in ml.MaskedDiffusion().Infill(lm.Model, "Text", "Filled").Fit(gaps).Transform(gaps).GetColumn<string>("Filled"))
    Console.WriteLine(filled);                          // both directions: a masked diffusion model has no preferred order

var question = ml.Data.LoadFromEnumerable(new[] { new Row { Text = "Sunday comes before", Options = ["Monday.", "Tuesday.", "Friday."] } });
var choice = ml.MaskedDiffusion().ScoreChoices(lm.Model, contextColumnName: "Text", choicesColumnName: "Options");
var answer = choice.Fit(question).Transform(question);
Console.WriteLine(string.Join("  ", answer.GetColumn<float[]>("Probability").Single().Select(p => p.ToString("P1"))));

ITransformer loaded = ml.Model.Load("days.zip", out _);
foreach (float nats in loaded.Transform(ml.Data.TakeRows(corpus, 2)).GetColumn<float>("NegativeLogLikelihood"))
    Console.WriteLine($"{nats:F3} nats");

internal sealed class Row
{
    public string Text { get; set; } = "";

    [VectorType(3)]
    public string[] Options { get; set; } = ["", "", ""];
}
