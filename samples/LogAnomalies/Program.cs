using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion;

// A service's log of a quiet week. What never happens in it is what the model finds unlikely; no rule and no label says what that is.
var ml = new MLContext(seed: 1);
var random = new Random(1);
Line[] usual = [.. Enumerable.Range(0, 4000).Select(_ => new Line { Text = Usual() })];
IDataView week = ml.Data.LoadFromEnumerable(usual);

Console.WriteLine("Training on 4,000 usual lines ...");
using var lm = ml.MaskedDiffusion().Trainer(new TrainerOptions
{
    TextColumnName = "Text",
    Network = new TransformerConfig { LayerCount = 2, HeadCount = 2, EmbeddingSize = 64, FeedForwardSize = 256, ContextLength = 64 },
    Tokenizer = TokenizerSource.TrainBytePairEncoding(vocabularySize: 512),
    MaxSteps = 1000,
    LearningRate = 3e-3,
}).Fit(week);

// Today's log: one line in twenty is unusual in a way of its own.
string[] unusual =
[
    "GET /cart 200 in 9213 ms", "POST /login 500 in 31 ms", "DELETE /users 200 in 12 ms", "GET /../../etc/passwd 404 in 3 ms",
    "worker restarted: out of memory", "POST /search 200 in 18 ms", "GET /home 200 in -1 ms", "certificate expires in 0 days",
];
Line[] today = [.. Enumerable.Range(0, 400).Select(i =>
    i % 20 == 7 ? new Line { Text = unusual[i / 20 % unusual.Length], Label = true } : new Line { Text = Usual() })];
IDataView scored = lm.Transform(ml.Data.LoadFromEnumerable(today));

// Nats per token: a long line is not suspicious by its length.
var lines = ml.Data.CreateEnumerable<ScoredLine>(scored, reuseRowObject: false).ToArray();
foreach (ScoredLine line in lines.OrderByDescending(line => line.PerToken).DistinctBy(line => line.Text).Take(8))
    Console.WriteLine($"  {line.PerToken,6:F2} nats a token  {line.Text}");
Console.WriteLine("  ...");
foreach (ScoredLine line in lines.OrderBy(line => line.PerToken).Take(2))
    Console.WriteLine($"  {line.PerToken,6:F2} nats a token  {line.Text}");

// A stock evaluator on our score.
IDataView judged = ml.Data.LoadFromEnumerable(
    lines.Select(line => new Judged { Label = line.Label ? 1 : 0, Score = (float)line.PerToken }));
AnomalyDetectionMetrics metrics = ml.AnomalyDetection.Evaluate(judged);
Console.WriteLine($"Area under the ROC curve {metrics.AreaUnderRocCurve:F3}; {metrics.DetectionRateAtFalsePositiveCount:P0} of the "
    + "unusual lines are above all but 10 usual ones");

string Usual()
{
    (string method, string path, int slow)[] calls =
        [("GET", "/home", 20), ("GET", "/search", 60), ("GET", "/cart", 40), ("POST", "/login", 80), ("POST", "/order", 90)];
    (string method, string path, int slow) = calls[random.Next(calls.Length)];
    int status = method == "POST" && random.Next(8) == 0 ? 401 : 200;
    return random.Next(10) == 0
        ? $"cache holds {random.Next(40, 60)} % of its memory" : $"{method} {path} {status} in {random.Next(slow / 2, slow)} ms";
}

internal sealed class Line
{
    public string Text { get; set; } = "";

    public bool Label { get; set; }
}

internal sealed class ScoredLine
{
    public string Text { get; set; } = "";

    public bool Label { get; set; }

    public float NegativeLogLikelihood { get; set; }

    public int TokenCount { get; set; }

    public double PerToken => NegativeLogLikelihood / TokenCount;
}

internal sealed class Judged
{
    public float Label { get; set; }

    public float Score { get; set; }

    public bool PredictedLabel { get; set; }
}
