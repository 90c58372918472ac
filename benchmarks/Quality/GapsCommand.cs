using System.CommandLine;
using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Text;
using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Quality;

/// <summary>
/// How often the length of a gap is found in held-out text, and how much of what stood there is recovered, by several ways to choose the
/// length. One gap is cut out of each text, at a random place and of a random length.
/// </summary>
internal static class GapsCommand
{
    // A gap has at least so many tokens of its text left.
    private const int LeastRest = 16;

    private static readonly double[] Weights = [0, 0.25, 1];

    public static Subcommand Command()
    {
        var text = new Option<string>("--text")
        {
            Description = "documents: a .jsonl file, or a text file with an empty line between them", Required = true,
        };
        var lines = new Option<bool>("--lines") { Description = "each line of the text file is a document" };
        var field = new Option<string[]>("--field")
        {
            Description = "the field of a .jsonl file; several are joined", DefaultValueFactory = _ => ["text"],
            AllowMultipleArgumentsPerToken = true,
        };
        var model = new Option<string>("--model")
        {
            Description = "a saved model (.mdm, a folder or a .zip) that has not seen the last tenth of the shuffled documents; "
                + "where there is none, it is trained on the other nine and saved here, as .mdm or a folder",
            Required = true,
        };
        var steps = new Option<long>("--steps")
        {
            Description = "steps of that training, 24 documents each", DefaultValueFactory = _ => 1500,
        };
        var vocabulary = new Option<int>("--vocabulary")
        {
            Description = "tokens of the vocabulary of that training; 0 for bytes", DefaultValueFactory = _ => 1000,
        };
        var lengths = new Option<double>("--gap-lengths")
        {
            Description = "the share of rows of that training from which the model learns the length of gaps, by tokens for that",
        };
        var initial = new Option<string?>("--initial") { Description = "a saved model from which that training goes on" };
        var limit = new Option<int>("--limit") { Description = "number of held-out documents", DefaultValueFactory = _ => 200 };
        var longest = new Option<int>("--longest")
        {
            Description = "the longest gap in tokens; lengths are drawn from 1 on", DefaultValueFactory = _ => 8,
        };
        var seed = new Option<int>("--seed") { Description = "seed of everything random", DefaultValueFactory = _ => 1 };
        var command = new Subcommand("gaps", "how well the length of a gap of unknown length is found, and what stood in it")
        {
            text, lines, field, model, steps, vocabulary, lengths, initial, limit, longest, seed,
        };
        command.SetAction((result, cancellation) => Task.Run(() =>
        {
            string[] documents = Documents(result.GetValue(text)!, result.GetValue(lines), result.GetValue(field)!, result.GetValue(seed));
            int border = documents.Length * 9 / 10;
            string path = result.GetValue(model)!;
            MaskedDiffusionCatalog catalog = new MLContext().MaskedDiffusion();
            if (!File.Exists(path) && !Directory.Exists(path))
            {
                QualityModels.RequirePlaceForModel(path);
                using MaskedDiffusionModel? first = result.GetValue(initial) is { } saved ? catalog.OpenModel(saved) : null;
                TrainerOptions options = Options(first, result.GetValue(vocabulary));
                (options.MaxSteps, options.CancellationToken) = (result.GetValue(steps), cancellation);
                (options.Noise.GapLengthRatio, options.Noise.MaxGapLength) = (result.GetValue(lengths), result.GetValue(longest));
                Train(documents[..border], path, options);
            }
            using MaskedDiffusionModel trained = catalog.OpenModel(path);
            Measure(trained, documents[border..], result.GetValue(limit), result.GetValue(longest), result.GetValue(seed), cancellation);
        }, CancellationToken.None));
        return command;
    }

    private static string[] Documents(string path, bool lines, string[] fields, int seed)
    {
        bool isJson = path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase);
        string[][] columns = [.. (isJson ? fields : fields[..1]).Select(field => new MLContext().MaskedDiffusion()
            .LoadText(new TextFilesOptions
            {
                Path = path,
                JsonField = field,
                Boundary = isJson ? DocumentBoundary.JsonLine : lines ? DocumentBoundary.Line : DocumentBoundary.BlankLine,
                ColumnName = "Text",
            }).GetColumn<string>("Text").ToArray())];
        string[] documents = [.. columns[0].Select((_, i) => string.Concat(columns.Select(column => column[i])))];
        new Random(seed).Shuffle(documents);
        return documents;
    }

    private static TrainerOptions Options(MaskedDiffusionModel? initial, int vocabulary)
    {
        var options = new TrainerOptions
        {
            InitialModel = initial,
            // Texts are filled one by one, so they are learned one by one.
            Rows = { PackDocuments = false },
            BatchSize = 24,
            LearningRate = initial is null ? 3e-3 : 1e-3,
            Noise = { Levels = NoiseLevels.Stratified, LossWeighting = LossWeighting.Uniform },
            Progress = new ConsoleProgress(Console.Out),
        };
        if (initial is not null)
            return options;
        options.Network = new TransformerConfig
        {
            Name = "gaps", LayerCount = 4, HeadCount = 4, EmbeddingSize = 128, FeedForwardSize = 384, ContextLength = 128,
        };
        options.Tokenizer = vocabulary == 0 ? TokenizerSource.Bytes() : TokenizerSource.TrainBytePairEncoding(vocabulary);
        return options;
    }

    private static void Train(string[] documents, string path, TrainerOptions options)
    {
        var ml = new MLContext(1);
        using LikelihoodScoringTransformer lm = ml.MaskedDiffusion().Trainer(options).Fit(
            ml.Data.LoadFromEnumerable(documents.Select(document => new Row { Text = document }).ToList()));
        Print($"{lm.TrainingResult!.Steps:N0} steps, {lm.TrainingResult.Epochs:F1} epochs, {lm.TrainingResult.Seconds:N0} s");
        lm.Model.Save(path);
    }

    private static void Measure(
        MaskedDiffusionModel model, string[] documents, int limit, int longest, int seed, CancellationToken cancellation)
    {
        var random = new Random(seed);
        Case[] cases = [.. documents.Select(document => Case.Cut(model, document, longest, random)).OfType<Case>().Take(limit)];
        if (cases.Length == 0)
        {
            throw new InvalidDataException(
                $"No held-out document is long enough for a gap of {longest} tokens and fits into {model.Config.ContextLength}.");
        }
        Print($"{model.Config.NonEmbeddingParameterCount:N0} parameters outside embeddings, {model.Tokenizer.VocabularySize} tokens");
        Print($"{cases.Length} held-out documents, a gap of 1 to {longest} tokens in each");
        Print($"");
        Print($"length chosen by            length found   off by   text recovered   tokens recovered   rows a gap");
        var greedy = new Infiller(model);
        FilledText[][] filled = [.. Enumerable.Range(1, longest).Select(length => greedy.Fill(
            [.. cases.Select(one => new GappedText(one.With(GapSyntax.Gap(length))))], cancellation))];
        int mean = (longest + 1) / 2;
        long rows = longest * (longest + 1) / 2;
        Show("the truth", cases, i => filled[cases[i].Length - 1][i], 0);
        Show($"always {mean}", cases, i => filled[mean - 1][i], 0);
        Show("mean log p of the gap", cases, i => Best(i, text => text.LogProbability / text.GapLengths[0]), rows);
        Show("sum of log p of the gap", cases, i => Best(i, text => text.LogProbability), rows);
        foreach (double weight in Weights)
            Choose(string.Create(CultureInfo.InvariantCulture, $"FillingWeight {weight}"), new GapOptions { FillingWeight = weight });
        if (model.Config.HasLengthTokens)
            Choose("length tokens", new GapOptions { LengthMethod = GapLengthMethod.LengthTokens });

        void Choose(string name, GapOptions gaps)
        {
            var infiller = new Infiller(model, null, gaps);
            string unknown = GapSyntax.Gap(1, longest);
            FilledText[] chosen = infiller.Fill([.. cases.Select(one => new GappedText(one.With(unknown)))], cancellation);
            // The filling of the chosen length is not part of the choice.
            long choice = infiller.NetworkRows - chosen.Sum(text => text.GapLengths[0]);
            Show(name, cases, i => chosen[i], choice / cases.Length);
        }

        FilledText Best(int i, Func<FilledText, double> score) => filled.Select(texts => texts[i]).MaxBy(score)!;
    }

    private static void Show(string name, Case[] cases, Func<int, FilledText> chosen, long rows)
    {
        double[] found = new double[cases.Length], off = new double[cases.Length];
        double[] recovered = new double[cases.Length], tokens = new double[cases.Length];
        for (int i = 0; i < cases.Length; i++)
        {
            FilledText text = chosen(i);
            int length = text.GapLengths[0];
            found[i] = length == cases[i].Length ? 1 : 0;
            off[i] = Math.Abs(length - cases[i].Length);
            recovered[i] = text.Text == cases[i].Document ? 1 : 0;
            tokens[i] = cases[i].Recovered(text);
        }
        Print($"{name,-26} {Share(found),13}   {off.Average(),6:F2}   {Share(recovered),14}   {Share(tokens),16}   {rows,10}");
    }

    // A mean and its standard error.
    private static string Share(double[] values)
    {
        Measured share = Measured.Mean(values);
        return string.Create(CultureInfo.InvariantCulture, $"{100 * share.Value:F1} ± {100 * share.Error:F1} %");
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private sealed class Row
    {
        public string Text { get; set; } = "";
    }

    /// <summary>A document and a gap in it.</summary>
    private sealed record Case(string Document, string Before, string Behind, int[] Gap, MaskedText Masked)
    {
        public int Length => Gap.Length;

        /// <summary>Cuts a gap; null where the document is too long or short, or is cut into other tokens beside a gap.</summary>
        public static Case? Cut(MaskedDiffusionModel model, string document, int longest, Random random)
        {
            int[] ids = model.Tokenizer.Encode(document), start = DocumentStart.Of(model.Tokenizer);
            int length = random.Next(1, longest + 1);
            double place = random.NextDouble();
            if (ids.Length < longest + LeastRest || start.Length + ids.Length + longest >= model.Config.ContextLength)
                return null;
            int at = (int)(place * (ids.Length - length + 1));
            string before = model.Tokenizer.Decode(ids[..at]), behind = model.Tokenizer.DecodeInside(ids[(at + length)..]);
            string gapped = GapSyntax.Escape(before, isBeforeGap: true) + GapSyntax.Gap(length) + GapSyntax.Escape(behind);
            MaskedText masked = MaskedText.Of(gapped, start, model.Tokenizer);
            int[] gap = ids[at..(at + length)];
            return masked.Sizes.Count == 1 && masked.Lay([gap]).Tokens.AsSpan(start.Length).SequenceEqual(ids)
                ? new Case(document, before, behind, gap, masked)
                : null;
        }

        /// <summary>The document with its gap as it is written.</summary>
        public string With(string gap) => GapSyntax.Escape(Before, isBeforeGap: true) + gap + GapSyntax.Escape(Behind);

        /// <summary>
        /// Twice the longest common subsequence of tokens, in proportion to the tokens of both: 1 where they are the same.
        /// </summary>
        public double Recovered(FilledText filled)
        {
            int[] found = Masked.Encode(0, filled.Text[Before.Length..^Behind.Length]);
            var common = new int[Gap.Length + 1, found.Length + 1];
            for (int i = 1; i <= Gap.Length; i++)
            {
                for (int j = 1; j <= found.Length; j++)
                {
                    common[i, j] = Gap[i - 1] == found[j - 1]
                        ? common[i - 1, j - 1] + 1
                        : Math.Max(common[i - 1, j], common[i, j - 1]);
                }
            }
            return 2.0 * common[Gap.Length, found.Length] / (Gap.Length + found.Length);
        }
    }
}
