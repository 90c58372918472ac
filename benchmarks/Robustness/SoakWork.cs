using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using DocumentationDemo.Corpus;
using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Robustness;

/// <summary>
/// What `soak` does at the same time, on .NET's reference documentation. Each method returns its results as text, and takes a random number
/// generator for everything that must not change them: interruptions, order, batches, threads. Null is for a calm round in plain order.
/// </summary>
internal sealed class SoakWork : IDisposable
{
    private const int Threads = 3, RowCount = 48;
    private readonly string _folder;
    private readonly string[] _texts;
    private readonly MaskedDiffusionModel _model;
    private readonly KilledTraining _training;
    private readonly string _pipeline;
    private readonly string _input;
    private int _search, _output, _killed;

    /// <summary>Trains the model that lanes share.</summary>
    /// <param name="folder">For everything that is written; it must exist.</param>
    /// <param name="seed">Of the moments at which trainings are killed.</param>
    public SoakWork(string folder, int seed)
    {
        _folder = folder;
        (List<CorpusRow> rows, _) = DocumentationReader.Read(DocumentationReader.FindPacks(), CancellationToken.None);
        // Any stride that spreads the documents over the whole documentation.
        _texts = [.. rows.Where((_, index) => index % 37 == 0).Select(row => row.Text).Take(600)];
        (_pipeline, _input) = (Path.Combine(folder, "model.zip"), Path.Combine(folder, "in.jsonl"));
        var ml = new MLContext(1);
        IDataView corpus = Corpus(ml, _texts);
        using (LikelihoodScoringTransformer trained = ml.MaskedDiffusion().Trainer(Options(steps: 300)).Fit(corpus))
        {
            ml.Model.Save(trained, corpus.Schema, _pipeline);
        }
        _model = ml.MaskedDiffusion().OpenModel(_pipeline);
        File.WriteAllLines(_input, _texts.Take(160).Select(text => JsonSerializer.Serialize(new { Text = text })));
        _training = new KilledTraining(folder, rows, new Random(seed));
    }

    /// <summary>A training in processes of its own, killed twice and resumed: the hash of its model.</summary>
    public string TrainAndKill(Random? random)
    {
        if (random is null)
            return _training.Whole();
        string name = $"killed{++_killed}";
        string hash = _training.Killed(name, ranks: 1, kills: 2, _ => { });
        _training.Forget(name);
        return hash;
    }

    /// <summary>A search, cancelled and resumed: all measurements, and what the best model says of some texts.</summary>
    public string Search(Random? random)
    {
        string folder = Path.Combine(_folder, $"search{++_search}");
        while (true)
        {
            using var stop = random is null ? new CancellationTokenSource() : new CancellationTokenSource(random.Next(1_000, 20_000));
            var ml = new MLContext(1);
            var options = new SearchOptions
            {
                Trainer = Options(steps: 36),
                Space = new SearchSpace().Range("LearningRate", 1e-4, 1e-2, logarithmic: true).Choice("BatchSize", 8, 16),
                Metric = SearchMetric.BitsPerByte(Corpus(ml, _texts.TakeLast(40))),
                MaxTrials = 4,
                Folder = folder,
                Resume = true,
                CancellationToken = stop.Token,
            };
            try
            {
                using SearchResult result = ml.MaskedDiffusion().Search(Corpus(ml, _texts.SkipLast(40)), options);
                if (result.IsCancelled)
                    continue;
                IEnumerable<string> measured = result.Trials.SelectMany(
                    trial => trial.Measurements.Select(at => Line($"{trial.Number} {at.Rung} {at.Steps} {at.Metric:R}")));
                IDataView some = result.Transformer.Transform(Corpus(ml, _texts.Take(4)));
                IEnumerable<string> best = some.GetColumn<float>("NegativeLogLikelihood").Select(nats => Line($"{nats:R}"));
                string found = string.Join('\n', measured.Concat(best));
                Directory.Delete(folder, recursive: true);
                return found;
            }
            catch (OperationCanceledException)
            {
                // Cancelled before anything was measured; the next call goes on.
            }
        }
    }

    /// <summary>A file scored in blocks, cancelled and resumed: the hash of the output.</summary>
    public string ScoreFile(Random? random)
    {
        string output = Path.Combine(_folder, $"out{++_output}.jsonl");
        while (true)
        {
            using var stop = random is null ? new CancellationTokenSource() : new CancellationTokenSource(random.Next(500, 20_000));
            var ml = new MLContext(1);
            ITransformer pipeline = ml.MaskedDiffusion().LoadModel(_pipeline, out DataViewSchema schema);
            try
            {
                ml.MaskedDiffusion().ScoreFile(pipeline, new BatchScoringOptions
                {
                    InputPath = _input, OutputPath = output, InputSchema = schema,
                    BlockSize = random is null ? null : random.Next(1, 40),
                    CancellationToken = stop.Token,
                });
                string hash = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(output)));
                File.Delete(output);
                return hash;
            }
            catch (OperationCanceledException)
            {
                // The next call goes on behind the last whole block.
            }
            finally
            {
                (pipeline as IDisposable)?.Dispose();
            }
        }
    }

    /// <summary>Prediction engines on several threads over one pipeline, loaded anew: the scores of the rows.</summary>
    public string Engines(Random? random)
    {
        var ml = new MLContext(1);
        ITransformer pipeline = ml.Model.Load(_pipeline, out DataViewSchema schema);
        var scores = new float[RowCount];
        int[] order = Order(random);
        Task[] tasks =
        [
            .. Enumerable.Range(0, random is null ? 1 : Threads).Select(thread => Task.Run(() =>
            {
                using PredictionEngine<Input, Output> engine = ml.Model.CreatePredictionEngine<Input, Output>(pipeline, schema);
                for (int i = thread; i < RowCount; i += random is null ? 1 : Threads)
                    scores[order[i]] = engine.Predict(new Input { Text = _texts[order[i]] }).NegativeLogLikelihood;
            })),
        ];
        Task.WaitAll(tasks);
        (pipeline as IDisposable)?.Dispose();
        return string.Join(' ', scores.Select(score => Line($"{score:R}")));
    }

    /// <summary>Texts written after the beginnings of documents: the texts.</summary>
    public string Write(Random? random)
    {
        var written = new string[RowCount];
        foreach (int[] batch in Batches(random))
        {
            var options = new GenerationOptions { MaxNewTokens = 16 };
            GeneratedText[] texts = new TextGenerator(_model, options).Generate([.. batch.Select(i => Beginning(_texts[i]))]);
            foreach ((int i, GeneratedText text) in batch.Zip(texts))
                written[i] = text.Text;
        }
        return string.Join('\n', written);
    }

    /// <summary>Gaps of known and of unknown length, filled: the texts.</summary>
    public string Fill(Random? random)
    {
        var filler = new Infiller(_model);
        var filled = new string[RowCount];
        foreach (int[] batch in Batches(random))
        {
            string[] texts = filler.Fill([.. batch.Select(i => Beginning(_texts[i]) + (i % 2 == 0 ? " [MASK*3]." : " [MASK*1-3]."))]);
            foreach ((int i, string text) in batch.Zip(texts))
                filled[i] = text;
        }
        return string.Join('\n', filled);
    }

    public void Dispose() => _model.Dispose();

    private static TrainerOptions Options(int steps) => new()
    {
        TextColumnName = nameof(Input.Text),
        Network = new TransformerConfig { LayerCount = 2, HeadCount = 4, EmbeddingSize = 128, FeedForwardSize = 256, ContextLength = 64 },
        Tokenizer = TokenizerSource.TrainBytePairEncoding(1024),
        MaxSteps = steps,
        BatchSize = 8,
        Seed = 1,
        Device = "cpu",
    };

    private static IDataView Corpus(MLContext ml, IEnumerable<string> texts) =>
        ml.Data.LoadFromEnumerable(texts.Select(text => new Input { Text = text }).ToArray());

    private static string Beginning(string text) => text[..Math.Min(text.Length, 40)].TrimEnd();

    private static string Line(FormattableString line) => line.ToString(CultureInfo.InvariantCulture);

    private static int[] Order(Random? random)
    {
        int[] order = [.. Enumerable.Range(0, RowCount)];
        random?.Shuffle(order);
        return order;
    }

    private static IEnumerable<int[]> Batches(Random? random) => Order(random).Chunk(random is null ? RowCount : random.Next(1, RowCount));

    private sealed class Input
    {
        public string Text { get; set; } = "";
    }

    private sealed class Output
    {
        public float NegativeLogLikelihood { get; set; }
    }
}
