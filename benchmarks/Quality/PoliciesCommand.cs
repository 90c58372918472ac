using System.CommandLine;
using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Quality;

/// <summary>
/// Compares samplers by the likelihood of held-out text under them: each order, with some numbers of tokens a step, beside the bound of all
/// orders and, if there is one, an autoregressive model.
/// </summary>
internal static class PoliciesCommand
{
    private static readonly SamplingOrder[] Orders =
        [SamplingOrder.Margin, SamplingOrder.TopProbability, SamplingOrder.Entropy, SamplingOrder.LeftToRight];

    public static Subcommand Command()
    {
        var model = new Option<string>("--model")
        {
            Description = "a saved masked diffusion model: a folder, an .mdm file, or a .zip of ml.Model.Save or SaveModel",
            Required = true,
        };
        var autoregressive = new Option<string?>("--autoregressive")
        {
            Description = "a saved autoregressive model to stand beside it, such as one of equal size and training",
        };
        var text = new Option<FileInfo>("--text")
        {
            Description = "a UTF-8 text that the models have not been trained on", Required = true,
        };
        text.AcceptExistingOnly();
        var pieces = new Option<int>("--pieces")
        {
            Description = "number of pieces, spread evenly over the text", DefaultValueFactory = _ => 32,
        };
        var characters = new Option<int>("--characters") { Description = "characters of a piece", DefaultValueFactory = _ => 64 };
        var lines = new Option<bool>("--lines")
        {
            Description = "each piece is a line of the text; lines of more than --characters are left out",
        };
        var tokens = new Option<int[]>("--tokens")
        {
            Description = "tokens of a step", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 2, 4],
        };
        var block = new Option<int?>("--block") { Description = "tokens of a block; the whole piece at once if left out" };
        var orders = new Option<int?>("--orders")
        {
            Description = "random orders for the interval of the any-order likelihood, an even number from 8; none if left out",
        };
        var device = new Option<string>("--device") { Description = "auto, cpu, cuda or cuda:1", DefaultValueFactory = _ => "auto" };
        var command = new Subcommand("policies", "perplexity of a text under samplers of different orders and tokens a step")
        {
            model, autoregressive, text, pieces, characters, lines, tokens, block, orders, device,
        };
        command.SetAction(async (result, cancellation) => await Task.Run(() =>
        {
            try
            {
                string path = result.GetValue(text)!.FullName;
                string[] texts = result.GetValue(lines)
                    ? Lines(File.ReadLines(path), result.GetValue(pieces), result.GetValue(characters))
                    : Pieces(File.ReadAllText(path), result.GetValue(pieces), result.GetValue(characters));
                MaskedDiffusionCatalog catalog = new MLContext().MaskedDiffusion();
                using MaskedDiffusionModel opened = catalog.OpenModel(result.GetValue(model)!, result.GetValue(device)!);
                Run(opened, texts, result.GetValue(tokens)!, result.GetValue(block), result.GetValue(orders), cancellation);
                if (result.GetValue(autoregressive) is { } second)
                {
                    using MaskedDiffusionModel other = catalog.OpenModel(second, result.GetValue(device)!);
                    Measure(other, "autoregressive", LikelihoodMethod.ChainRule, texts, cancellation);
                }
                return 0;
            }
            catch (Exception e) when (e is ArgumentException or IOException or InvalidDataException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine($"error: {e.Message}");
                return 1;
            }
        }, CancellationToken.None));
        return command;
    }

    private static void Run(
        MaskedDiffusionModel model, string[] texts, int[] tokens, int? block, int? orders, CancellationToken cancellation)
    {
        Console.WriteLine(
            $"{model.Config.Name}: {model.Config.NonEmbeddingParameterCount:N0} non-embedding parameters, "
            + $"vocabulary {model.Config.VocabularySize}, on {model.Device}; {texts.Length} pieces of "
            + $"{texts.Average(text => text.Length):F0} characters");
        Console.WriteLine("order                    tokens a step   perplexity a token   ± items   nats a token   bits a byte   seconds");
        Measure(model, "all orders (bound)", LikelihoodMethod.ExactCount, texts, cancellation);
        if (orders is { } count)
            Interval(model, texts, count, cancellation);
        foreach (int number in tokens)
        {
            foreach (SamplingOrder order in Orders)
            {
                LikelihoodMethod method = LikelihoodMethod.Sampler(order, TokensPerStep.Fixed(number), blockLength: block);
                Measure(model, $"{order.Name,-24} {number,13}", method, texts, cancellation);
            }
        }
    }

    private static void Measure(
        MaskedDiffusionModel model, string name, LikelihoodMethod method, string[] texts, CancellationToken cancellation)
    {
        var options = new PerplexityOptions { Likelihood = new LikelihoodOptions { Method = method } };
        long start = Stopwatch.GetTimestamp();
        PerplexityFigures figures =
            new PerplexityEvaluator(model, options).Evaluate([.. texts.Select(text => new PerplexityDocument(text))], cancellation).All;
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-38}   {figures.Perplexity.Value,18:F3}   {figures.Perplexity.StandardError,7:F3}   "
            + $"{figures.NegativeLogLikelihood.Value,12:F4}   {figures.BitsPerByte.Value,11:F4}   {seconds,7:F1}"));
    }

    private static void Interval(MaskedDiffusionModel model, string[] texts, int orders, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        LikelihoodInterval[] intervals =
            new LikelihoodScorer(model).Interval([.. texts.Select(text => new ScoredText(text))], orders, cancellation);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds, tokens = intervals.Sum(interval => interval.TokenCount);
        double Error(Func<LikelihoodInterval, double> of) => Math.Sqrt(intervals.Sum(one => of(one) * of(one))) / tokens;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"all orders, {orders} of them drawn: between {-intervals.Sum(one => one.Upper) / tokens:F4} "
            + $"± {Error(one => one.UpperStandardError):F4} and {-intervals.Sum(one => one.Lower) / tokens:F4} "
            + $"± {Error(one => one.LowerStandardError):F4} nats a token; {seconds:F1} seconds"));
    }

    private static string[] Pieces(string text, int count, int length)
    {
        if (count < 1 || length < 1 || (long)count * length > text.Length)
            throw new ArgumentException(
                $"The text has {text.Length} characters, too few for {count} pieces of {length}: lower --pieces or --characters.");
        int last = text.Length - length, gaps = Math.Max(1, count - 1);
        return [.. Enumerable.Range(0, count).Select(i => text.Substring((int)((long)last * i / gaps), length))];
    }

    private static string[] Lines(IEnumerable<string> lines, int count, int longest)
    {
        string[] fitting = [.. lines.Where(line => line.Length > 0 && line.Length <= longest)];
        if (count < 1 || count > fitting.Length)
            throw new ArgumentException(
                $"The text has {fitting.Length} lines of 1 to {longest} characters: lower --pieces or raise --characters.");
        return [.. Enumerable.Range(0, count).Select(i => fitting[(int)((long)fitting.Length * i / count)])];
    }
}
