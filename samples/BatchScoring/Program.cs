using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

string folder = Path.Combine("artifacts", "batch");
string input = Path.Combine(folder, "sentences.jsonl"), output = Path.Combine(folder, "scored.jsonl"), zip = Path.Combine(folder, "days.zip");
var ml = new MLContext(seed: 1);

if (args is ["score"])
{
    // What a job on a cluster would run: load the model, score the file, go on where an earlier job was killed.
    ITransformer model = ml.MaskedDiffusion().LoadModel(zip, out DataViewSchema schema);
    BatchScoringResult result = ml.MaskedDiffusion().ScoreFile(model, new BatchScoringOptions
    {
        InputPath = input,
        OutputPath = output,
        InputSchema = schema,
        OutputColumns = ["NegativeLogLikelihood", "TokenCount"],
        InvalidRows = InvalidRows.Skip,
        BlockSize = 2000,
        Progress = new ConsoleProgress(Console.Out, TimeSpan.FromSeconds(1)),
    });
    Console.WriteLine($"{result.RowCount:N0} rows in {result.OutputPath}, {result.RejectedRowCount:N0} in {result.RejectedPath}");
    return;
}

// A model of a rule, which day follows which; and a file of sentences, some of which break the rule and some of which are no rows at all.
if (Directory.Exists(folder))
    Directory.Delete(folder, recursive: true);
Directory.CreateDirectory(folder);
string[] days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
var random = new Random(1);
string Sentence(int day, int next) => $"{days[day]} comes before {days[(day + next) % 7]}.";
Row[] right = [.. Enumerable.Range(0, 2000).Select(_ => new Row { Text = Sentence(random.Next(7), 1) })];
IDataView corpus = ml.Data.LoadFromEnumerable(right);
Console.WriteLine("Training a model for some seconds ...");
using (var lm = ml.MaskedDiffusion().Trainer(new TrainerOptions
{
    TextColumnName = "Text",
    Network = new TransformerConfig { LayerCount = 2, HeadCount = 2, EmbeddingSize = 64, FeedForwardSize = 256, ContextLength = 32 },
    Tokenizer = TokenizerSource.TrainBytePairEncoding(vocabularySize: 512),
    MaxSteps = 1000,
    LearningRate = 3e-3,
}).Fit(corpus))
{
    ml.MaskedDiffusion().SaveModel(lm, corpus.Schema, zip);
}
using (StreamWriter file = File.CreateText(input))
{
    for (int i = 0; i < 20_000; i++)
    {
        string text = Sentence(random.Next(7), random.Next(50) == 0 ? random.Next(2, 7) : 1);
        file.WriteLine(i % 5000 == 4321 ? "{\"Id\": cut off" : JsonSerializer.Serialize(new { Id = i, Text = text }));
    }
}

// The first process is killed in the middle, as by a scheduler or a power cut. The second one goes on behind its last block.
Console.WriteLine("Scoring 20,000 sentences in a process that is killed on the way ...");
using (Process first = Start())
{
    while (first.StandardOutput.ReadLine() is { } line)
    {
        Console.WriteLine($"  {line}");
        if (File.Exists(output + ".partial") && line.Contains("rows/s", StringComparison.Ordinal))
            first.Kill();
    }
    first.WaitForExit();
}
Console.WriteLine($"Killed. The output is not there yet: {!File.Exists(output)}. The same command again ...");
using (Process second = Start())
{
    while (second.StandardOutput.ReadLine() is { } line)
        Console.WriteLine($"  {line}");
    second.WaitForExit();
}

Console.WriteLine("The least likely sentences:");
foreach (JsonElement row in File.ReadLines(output).Select(line => JsonSerializer.Deserialize<JsonElement>(line))
    .OrderByDescending(row => row.GetProperty("NegativeLogLikelihood").GetSingle()).Take(3))
    Console.WriteLine($"  {row}");
Console.WriteLine("What was no row:");
foreach (string line in File.ReadLines(output + ".rejected.jsonl").Take(2))
    Console.WriteLine($"  {line}");

static Process Start()
{
    var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
    if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
    start.ArgumentList.Add("score");
    return Process.Start(start)!;
}

internal sealed class Row
{
    public string Text { get; set; } = "";
}
