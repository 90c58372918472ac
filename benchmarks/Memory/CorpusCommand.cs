using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Trainers;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Memory;

/// <summary>
/// Turns a text corpus into packed tokens, and trains on them, in a process whose managed heap is too small for the corpus. Prints the
/// speed and the peak resident memory of that process.
/// </summary>
internal static class CorpusCommand
{
    private const int FileBytes = 32 << 20, Words = 30_000;
    private static readonly string[] Syllables =
    [
        "an", "be", "cor", "de", "el", "fin", "ga", "hu", "in", "jo", "ka", "lem", "mo",
        "na", "or", "pe", "qua", "ri", "so", "tu", "u", "ver", "wi", "xa", "ye", "zo",
    ];

    public static Subcommand Command()
    {
        var megabytes = new Option<int>("--megabytes") { Description = "megabytes of text to generate", DefaultValueFactory = _ => 300 };
        var heap = new Option<int>("--heap")
        {
            Description = "largest managed heap in megabytes (DOTNET_GCHeapHardLimit)", DefaultValueFactory = _ => 100,
        };
        var command = new Subcommand("corpus", "speed and memory of packing and training on a corpus that is larger than the heap may be")
        {
            megabytes, heap,
        };
        command.SetAction(result => Run(result.GetValue(megabytes), result.GetValue(heap)));
        return command;
    }

    public static Subcommand ChildCommand()
    {
        var folder = new Option<string>("--folder") { Description = "folder with the generated text", Required = true };
        var command = new Subcommand("corpus-child", "the work that `corpus` measures") { folder };
        command.Hidden = true;
        command.SetAction(result => Work(result.GetValue(folder)!));
        return command;
    }

    private static int Run(int megabytes, int heap)
    {
        string folder = Directory.CreateTempSubdirectory("mdm-corpus-").FullName;
        try
        {
            long bytes = Generate(Path.Combine(folder, "text"), (long)megabytes << 20);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{bytes >> 20:N0} MB of text in files of {FileBytes >> 20} MB; managed heap limited to {heap} MB; "
                + $"{Environment.ProcessorCount} cores"));
            ProcessStartInfo start = ChildProcess.WithArguments("corpus-child", "--folder", folder);
            start.Environment["DOTNET_GCHeapHardLimit"] = ((long)heap << 20).ToString("X", CultureInfo.InvariantCulture);
            using Process process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int Work(string folder)
    {
        var ml = new MLContext(1);
        string text = Path.Combine(folder, "text"), packed = Path.Combine(folder, "packed");
        double megabytes = Directory.GetFiles(text).Sum(file => new FileInfo(file).Length) / (double)(1 << 20);
        Print("start", Stopwatch.StartNew(), "");

        IDataView corpus = ml.MaskedDiffusion().LoadText(text);
        var watch = Stopwatch.StartNew();
        TextTokenizer tokenizer = TokenizerSource.TrainBytePairEncoding(4096)
            .Resolve(
                () => new TextColumnReader(ml.Data.TakeRows(corpus, 20_000), corpus.Schema["Text"], "sample").Read(CancellationToken.None),
                null, CancellationToken.None);
        Print("tokenizer learned from 20,000 documents", watch, "");

        watch.Restart();
        PackedTokensResult saved = ml.MaskedDiffusion().SavePackedTokens(corpus, tokenizer, packed);
        double seconds = watch.Elapsed.TotalSeconds;
        Print("text to packed tokens", watch, string.Create(CultureInfo.InvariantCulture,
            $"{saved.Documents:N0} documents, {saved.Tokens:N0} tokens in {saved.Files} files: {saved.Tokens / seconds:N0} tokens/s, "
            + $"{megabytes / seconds:0.0} MB/s"));

        watch.Restart();
        using LikelihoodScoringTransformer trained = ml.MaskedDiffusion().Trainer(new TrainerOptions
        {
            Network = new TransformerConfig
            {
                LayerCount = 2, HeadCount = 2, EmbeddingSize = 64, FeedForwardSize = 128, ContextLength = 256,
            },
            Tokenizer = TokenizerSource.FromTokenizer(tokenizer),
            MaxSteps = 50,
            Device = "cpu",
            Seed = 1,
        }).Fit(ml.MaskedDiffusion().LoadPackedTokens(packed));
        TrainingResult result = trained.TrainingResult!;
        Print("50 training steps of 16 blocks drawn from all files", watch, string.Create(CultureInfo.InvariantCulture,
            $"{result.TokensSeen / result.Seconds:N0} tokens/s; from here on libtorch's memory counts too"));

        // The same blocks without a network: what reading costs.
        watch.Restart();
        using (var blocks = ml.MaskedDiffusion().LoadPackedTokens(packed).Open(256, 256, tokenizer))
        {
            IBlockOrder order = blocks.Order(1);
            var block = new long[256];
            for (int i = 0; i < 100_000; i++)
                blocks.Read(order[i], block);
        }
        string speed = string.Create(CultureInfo.InvariantCulture, $"{25.6e6 / watch.Elapsed.TotalSeconds:N0} tokens/s");
        Print("100,000 blocks read in shuffled order", watch, speed);
        return 0;
    }

    private static void Print(string what, Stopwatch watch, string more)
    {
        using var process = Process.GetCurrentProcess();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what}: {watch.Elapsed.TotalSeconds:0.0} s, peak resident memory {process.PeakWorkingSet64 >> 20:N0} "
            + $"MB{(more.Length > 0 ? "; " : "")}{more}"));
    }

    // Writes JSON lines of invented words whose frequencies follow Zipf's law, as those of a language do.
    private static long Generate(string folder, long bytes)
    {
        Directory.CreateDirectory(folder);
        var random = new CounterRandom(1, 0, RandomPurpose.Example);
        string[] words = [.. Enumerable.Range(0, Words).Select(rank => Word(1 + (int)(Math.Log(rank + 2) / 3) + random.NextInt32(2)))];
        long written = 0;
        var line = new StringBuilder();
        for (int file = 0; written < bytes; file++)
        {
            using var writer =
                new StreamWriter(Path.Combine(folder, $"{file:0000}.jsonl"), append: false, new UTF8Encoding(false), 1 << 16);
            for (long inFile = 0; inFile < FileBytes && written < bytes; inFile += line.Length, written += line.Length)
            {
                line.Clear().Append("{\"text\": \"");
                int count = 50 + random.NextInt32(500);
                for (int i = 0; i < count; i++)
                    line.Append(i == 0 ? "" : " ").Append(words[(int)(Math.Pow(Words, random.NextDouble()) - 1)])
                        .Append(random.NextInt32(12) == 0 ? "." : "");
                writer.Write(line.Append("\"}\n"));
            }
        }
        return written;

        string Word(int syllables) =>
            string.Concat(Enumerable.Range(0, syllables).Select(_ => Syllables[random.NextInt32(Syllables.Length)]));
    }
}
