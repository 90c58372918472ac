using System.Text;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Samples.Shared;

namespace TinyShakespeare;

/// <summary>The run from a text to a model, its loss on held-out text, its own writing and a picture of the loss.</summary>
internal static class ByteModel
{
    private const int Context = 256;

    // A text starts with an end of sequence, which takes one position.
    private const int Piece = Context - 1;

    private static readonly TransformerConfig Network = new()
    {
        Name = "bytes", LayerCount = 5, HeadCount = 6, EmbeddingSize = 192, FeedForwardSize = 768, ContextLength = Context,
    };

    private static readonly (string Name, SamplingOptions Options)[] Samplers =
    [
        ("ancestral: random order, temperature 1, a token a step", new SamplingOptions { Order = SamplingOrder.Random, Temperature = 1 }),
        (
            "most confident first, temperature 0.8, 128 steps",
            new SamplingOptions { Order = SamplingOrder.Confidence, Temperature = 0.8, Steps = 128 }
        ),
    ];

    public static void Run(FileInfo file, double minutes, int seed, DirectoryInfo output, CancellationToken cancellationToken)
    {
        var ml = new MLContext(seed);
        string text = File.ReadAllText(file.FullName);
        int border = (int)(text.Length * 0.9);
        // The held-out tenth in pieces that one pass of the network sees whole, as character models are usually measured.
        Row[] heldOut =
            [.. text[border..].Chunk(Piece).Where(piece => piece.Length == Piece).Select(piece => new Row { Text = new string(piece) })];
        IDataView training = ml.Data.LoadFromEnumerable([new Row { Text = text[..border] }]);
        IDataView validation = ml.Data.LoadFromEnumerable(heldOut);
        SampleConsole.Heading(
            $"Training on {border:N0} characters for {minutes:0.##} minutes; {heldOut.Length} pieces of {Piece} characters held out");
        using LikelihoodScoringTransformer lm = ml.MaskedDiffusion().Trainer(new TrainerOptions
        {
            Network = Network,
            Tokenizer = TokenizerSource.Bytes(),
            Budget = { MaxSeconds = minutes * 60 },
            BatchSize = 16,
            LearningRate = 2e-3,
            Noise = { Levels = NoiseLevels.Stratified, LossWeighting = LossWeighting.Uniform },
            ValidationSet = validation,
            Validation = { Interval = 100 },
            Seed = seed,
            Progress = new ConsoleProgress(Console.Out),
            CancellationToken = cancellationToken,
            CancelBehavior = CancelBehavior.ReturnBestSoFar,
        }).Fit(training);
        TrainingResult result = lm.TrainingResult!;
        Console.WriteLine(
            $"{lm.Model.Config.NonEmbeddingParameterCount:N0} parameters outside embeddings, "
            + $"{lm.Model.Config.ParameterCount:N0} in all; {result.Stop} after {result.Steps:N0} steps, {result.Epochs:F1} epochs, "
            + $"{result.Seconds:F0} s; the model is that of step {result.BestStep:N0}");
        output.Create();
        lm.Model.Save(Path.Combine(output.FullName, "model.mdm"));
        SvgChart.Save(Curve(result), Path.Combine(output.FullName, "loss.svg"));

        SampleConsole.Heading("Held-out text");
        PerplexityResult measured = ml.MaskedDiffusion().EvaluatePerplexity(
            validation, lm.Model, options: new PerplexityOptions { Likelihood = new LikelihoodOptions { Samples = 16 } });
        double perCharacter = (double)measured.All.TokenCount / heldOut.Sum(row => row.Text.Length);
        EvaluationMetric loss = measured.All.NegativeLogLikelihood;
        Console.WriteLine(
            $"{loss.Value * perCharacter:F4} ± {loss.StandardError * perCharacter:F4} nats per character (upper bound; "
            + $"of the error {loss.NoiseStandardError * perCharacter:F4} is the estimate's own noise); "
            + $"{measured.All.BitsPerByte.Value:F3} bits per byte");
        Write(lm.Model, seed, cancellationToken);
        Console.WriteLine($"\n{output.FullName}: model.mdm, loss.svg");
    }

    private static void Write(MaskedDiffusionModel model, int seed, CancellationToken cancellationToken)
    {
        const string start = "ROMEO:\n";
        foreach ((string name, SamplingOptions options) in Samplers)
        {
            options.Seed = seed;
            SampleConsole.Heading($"Written by the model after \"ROMEO:\" ({name})");
            var generator = new TextGenerator(
                model, new GenerationOptions { MaxNewTokens = Piece - Encoding.UTF8.GetByteCount(start), Sampling = options });
            Console.WriteLine(start + generator.Generate(start, cancellationToken).Text);
        }
    }

    private static string Curve(TrainingResult result) => SvgChart.Lines("seconds", "nats per character",
        new SvgChart.Series("training (uniform weights)", "#64748b", [.. result.LossHistory.Select(point => (point.Seconds, point.Loss))]),
        new SvgChart.Series("validation (bound)", "#2563eb", [.. result.ValidationHistory.Select(point => (point.Seconds, point.Loss))]));
}
