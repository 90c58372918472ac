using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Modeling;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

/// <summary>
/// Files that are scored in batch: rows a second beside the scorer's own call on the same rows, and the peak memory of a large file.
/// </summary>
internal static class BatchCommand
{
    private const int Rows = 256;

    public static Subcommand Command()
    {
        var size = new Option<string>("--size") { Description = "network preset", DefaultValueFactory = _ => "6M" };
        Option<int> rounds = Timing.Rounds("pairs of passes over the rows", 5);
        var megabytes = new Option<int>("--megabytes")
        {
            Description = "megabytes of the large file; 0 leaves it out", DefaultValueFactory = _ => 2048,
        };
        var command = new Subcommand("batch", "rows a second of ScoreFile beside the scorer's own call, and its memory on a large file")
        {
            size, rounds, megabytes,
        };
        command.SetAction(result =>
        {
            Speed(result.GetValue(size)!, result.GetValue(rounds));
            if (result.GetValue(megabytes) is > 0 and int large)
                Memory(large);
        });
        return command;
    }

    public static Subcommand ChildCommand()
    {
        var folder = new Option<string>("--folder") { Description = "folder with the large file", Required = true };
        var command = new Subcommand("batch-child", "the work whose memory `batch` measures") { folder };
        command.Hidden = true;
        command.SetAction(result => Work(result.GetValue(folder)!));
        return command;
    }

    private static void Speed(string size, int rounds)
    {
        var config = TransformerConfig.FromPreset(size) with { VocabularySize = 4096, ContextLength = 256 };
        using var network = new TransformerNetwork(config, TorchSharp.torch.CPU);
        network.Initialize(1);
        using var model = new MaskedDiffusionModel(network.Share(() => { }), BenchmarkTexts.TokenizerOf(config.VocabularySize));
        var random = new Random(1);
        string Words(int count) => string.Join(' ', Enumerable.Range(0, count).Select(_ => "w" + random.Next(5, config.VocabularySize)));
        ScoredText[] texts = [.. Enumerable.Range(0, Rows).Select(_ => new ScoredText(Words(16), Words(64)))];
        var likelihood = new LikelihoodOptions { Samples = 16 };
        var scorer = new LikelihoodScorer(model, likelihood);
        var ml = new MLContext(1);
        IDataView none = ml.Data.LoadFromEnumerable(Array.Empty<Row>());
        ITransformer transformer = ml.MaskedDiffusion().ScoreLikelihood(
            model, new LikelihoodScoringOptions { ContextColumnName = "Context", Likelihood = likelihood }).Fit(none);
        string folder = Directory.CreateTempSubdirectory("mdm-batch-").FullName;
        try
        {
            string input = Path.Combine(folder, "in.jsonl"), output = Path.Combine(folder, "out.jsonl");
            File.WriteAllLines(input, texts.Select(text => JsonSerializer.Serialize(new { text.Context, text.Text })));
            var times = new PairedTimes();
            for (int round = -1; round < rounds; round++)
            {
                TextLikelihood[] raw = [];
                double alone = Timing.Seconds(
                    network.Device, () => raw = [.. texts.Chunk(32).SelectMany(some => scorer.Score(some))]);
                double file = Timing.Seconds(network.Device, () => ml.MaskedDiffusion().ScoreFile(
                    transformer, new BatchScoringOptions { InputPath = input, OutputPath = output }));
                Check(output, raw);
                File.Delete(output);
                if (round >= 0)
                    times.Add(file, alone);
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{size}, 16 tokens after 64, 16 samples: {Rows / times.Ours:0.0} rows/s from file to file, {Rows / times.Plain:0.0} by "
                + $"the scorer's own call; the file costs {100 * ((1 / times.Ratio) - 1):0.0} % more (median of {times.Count} pairs)"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Check(string output, TextLikelihood[] raw)
    {
        float[] scores = [.. File.ReadLines(output)
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line).GetProperty("NegativeLogLikelihood").GetSingle())];
        if (!scores.SequenceEqual(raw.Select(score => (float)score.NegativeLogLikelihood)))
            throw new InvalidOperationException("The file's figures are not those of the raw call.");
    }

    private static void Memory(int megabytes)
    {
        string folder = Directory.CreateTempSubdirectory("mdm-batch-").FullName;
        try
        {
            string line = JsonSerializer.Serialize(new { Id = 1, Text = string.Concat(Enumerable.Repeat("Some words of a row. ", 48)) });
            using (var file = new StreamWriter(Path.Combine(folder, "in.jsonl")))
            {
                for (long bytes = 0; bytes < (long)megabytes << 20; bytes += line.Length + 1)
                    file.Write(line + "\n");
            }
            Console.WriteLine(ChildProcess.Output(ChildProcess.WithArguments("batch-child", "--folder", folder)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // A stock transformer that costs next to nothing, so that the runner is what is measured.
    private static void Work(string folder)
    {
        var ml = new MLContext(1);
        ITransformer transformer = ml.Transforms.Text.NormalizeText("Normalized", "Text")
            .Fit(ml.Data.LoadFromEnumerable(Array.Empty<Row>()));
        var watch = Stopwatch.StartNew();
        string input = Path.Combine(folder, "in.jsonl");
        BatchScoringResult result = ml.MaskedDiffusion().ScoreFile(
            transformer, new BatchScoringOptions { InputPath = input, OutputPath = Path.Combine(folder, "out.jsonl") });
        using var process = Process.GetCurrentProcess();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{new FileInfo(input).Length >> 20:N0} MB of JSON lines through a stock transformer: {result.RowCount:N0} rows, "
            + $"{result.RowCount / watch.Elapsed.TotalSeconds:N0} rows/s, peak resident memory {process.PeakWorkingSet64 >> 20:N0} MB"));
    }

    private sealed class Row
    {
        public string Text { get; set; } = "";

        public string Context { get; set; } = "";
    }
}
