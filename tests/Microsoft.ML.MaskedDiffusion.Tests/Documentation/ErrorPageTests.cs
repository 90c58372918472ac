using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The pages of docs/errors quote what the library says. Each quotation, a block of the language "text", is here beside what makes the
/// error. Line breaks are the page's own, the test's folder stands there as /data, and <see cref="Elision"/> for any text.
/// </summary>
[TestClass]
public sealed partial class ErrorPageTests
{
    private const string Elision = "[...]";

    private static readonly string Folder = Path.Combine(Repository.Root, "docs", "errors");

    private static readonly MLContext Ml = new(1);

    private static readonly NativeLibraryFault Fault = NativeLibraryFaultTests.Linux with { Folder = "/app/" };

    // The quotations of each page in their order. Null: it takes another machine, build or process, and the page says how it was made.
    private static readonly Dictionary<string, Action<string>?[]> Causes = new()
    {
        ["native-library.md"] =
        [
            _ => Cannot(Fault with { LibraryPath = null }),
            _ => Cannot(Fault with { LoaderMessage = "libtorch.so: cannot open shared object file", HasLibTorch = false }),
            _ => Cannot(Fault with { LoaderMessage = "invalid ELF header" }),
            null,
        ],
        ["system-library.md"] =
        [
            _ => Cannot(Fault with { LoaderMessage = "version `GLIBCXX_3.4.32' not found" }),
            _ => Cannot(Fault with { LoaderMessage = "version `GLIBC_2.34' not found" }),
            _ => Cannot(Fault with { LoaderMessage = "libgomp-98b21ff3.so.1: cannot open shared object file: No such file or directory" }),
        ],
        ["libtorch-version.md"] =
        [
            _ => LibTorchFolder.RequireVersion(new Version(2, 9, 1), new Version(2, 10, 0, 0), "/opt/torch/lib"),
            folder =>
            {
                string torch = Library(folder, "torch"), own = Library(folder, "application");
                LibTorchFolder.Find(torch, [own]);
            },
            _ => LibTorchFolder.Find("/opt/missing", []),
        ],
        ["newer-version.md"] =
        [
            folder =>
            {
                string path = SaveModel(folder, "lm");
                Change(Path.Combine(path, "manifest.json"), root => root["version"] = 2);
                MaskedDiffusionModel.Load(path, "cpu");
            },
            folder =>
            {
                string header = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "v1", "headers", "trained.json"));
                string zip = Carrier(folder, header.Replace("\"Format\":1", "\"Format\":2", StringComparison.Ordinal));
                Ml.MaskedDiffusion().LoadModel(zip, out _);
            },
        ],
        ["damaged-file.md"] =
        [
            folder =>
            {
                string path = SaveModel(folder, "lm");
                Flip(Path.Combine(path, "model.safetensors"));
                MaskedDiffusionModel.Load(path, "cpu");
            },
            folder =>
            {
                string path = SaveModel(folder, "lm.mdm");
                Cut(path);
                MaskedDiffusionModel.Load(path, "cpu");
            },
            folder =>
            {
                string zip = SavePipeline(folder, beside: false);
                Cut(zip);
                Ml.MaskedDiffusion().LoadModel(zip, out _);
            },
            folder =>
            {
                string zip = SavePipeline(folder, beside: true);
                Flip(Directory.GetFiles(folder, "*.mdm").Single());
                Ml.MaskedDiffusion().LoadModel(zip, out _);
            },
        ],
        ["weights-not-found.md"] =
        [
            folder =>
            {
                string zip = SavePipeline(folder, beside: true);
                File.Delete(Directory.GetFiles(folder, "*.mdm").Single());
                Ml.MaskedDiffusion().LoadModel(zip, out _);
            },
        ],
        ["library-not-found.md"] = [null],
        ["too-large.md"] =
        [
            folder =>
            {
                TransformerConfig wide = GoldenNetwork with { VocabularySize = 160_000 };
                using var model = new MaskedDiffusionModel(new TransformerNetwork(wide, torch.CPU), ByteTokenizer);
                Ml.Model.Save(Ml.MaskedDiffusion().ScoreLikelihood(model).Fit(Rows()), Rows().Schema, Path.Combine(folder, "lm.zip"));
            },
        ],
        ["other-form.md"] =
        [
            folder => MaskedDiffusionModel.Load(SavePipeline(folder, beside: false), "cpu"),
            folder => Ml.MaskedDiffusion().LoadModel(SaveModel(folder, "lm.mdm"), out _),
        ],
        ["column.md"] =
        [
            _ => WithModel(model => Ml.MaskedDiffusion().ScoreLikelihood(model, "Txt").Fit(Rows())),
            _ => WithModel(model => Ml.MaskedDiffusion().ScoreLikelihood(model, "Number").Fit(Rows())),
            _ => Ml.MaskedDiffusion().Trainer(Small(textColumnName: "Body")).Fit(Rows()),
        ],
        ["too-long.md"] =
        [
            _ => WithModel(model => new LikelihoodScorer(model).Score("the cat", context: Long)),
            _ => WithModel(model => new Infiller(model).Fill($"{Long} [MASK]")),
            _ => WithModel(model => new TextGenerator(model, new() { MaxNewTokens = 20 }).Generate("the cat sat on the mat by the river")),
        ],
        ["gap.md"] =
        [
            _ => WithModel(model => new Infiller(model).Fill("The [MASK*0] sat.")),
            _ => WithModel(model => new Infiller(model).Fill("The [MASK*100] sat.")),
        ],
        ["out-of-memory.md"] =
        [
            _ => MemoryDemand.Require(
                TransformerConfig.FromPreset("1028M"), needed: 16.0 * 1_142_367_744, "Training", remedy: null, available: 8L << 30),
        ],
        ["cuda.md"] =
        [
            _ => throw DeviceChoice.Missing("cuda", count: 0),
            _ => new MaskedDiffusionTrainer(Ml, Small(device: "gpu")),
        ],
        ["checkpoint.md"] =
        [
            folder => Train(folder, resume: true, learningRate: 2e-3),
            folder => Train(folder, resume: false),
        ],
        ["weights-and-preset.md"] =
        [
            _ => MaskedDiffusionModel.FromSafetensors(Golden("tiny_mdm.safetensors"), "6M", ByteTokenizer, "cpu"),
        ],
        ["tokenizer.md"] =
        [
            _ => MaskedDiffusionModel.FromSafetensors(Golden("tiny_mdm.safetensors"), GoldenNetwork, ByteTokenizer, "cpu"),
            folder => TextTokenizer.FromFile(folder),
            folder =>
            {
                File.WriteAllText(Path.Combine(folder, "tokenizer.json"), """{"model": {"type": "Morphemes"}}""");
                TextTokenizer.FromFile(folder);
            },
            folder =>
            {
                WithModel(model => Ml.MaskedDiffusion().SavePackedTokens(Rows(), model.Tokenizer, folder));
                Ml.MaskedDiffusion().Trainer(Small()).Fit(Ml.MaskedDiffusion().LoadPackedTokens(folder));
            },
        ],
    };

    private static TextTokenizer ByteTokenizer => TokenizerSource.Bytes().Resolve(() => [], null, CancellationToken.None);

    private static TransformerConfig GoldenNetwork => new()
    {
        LayerCount = 3, HeadCount = 4, EmbeddingSize = 64, FeedForwardSize = 176, VocabularySize = 97, ContextLength = 64,
    };

    private static string Long => string.Concat(Enumerable.Repeat("the river runs to the sea and the sea is wide ", 3)).Trim();

    /// <summary>The pages, each with the number of a quotation.</summary>
    public static IEnumerable<object[]> Quotations =>
        from page in Causes
        from number in Enumerable.Range(1, page.Value.Length)
        where page.Value[number - 1] is not null
        select new object[] { page.Key, number };

    [TestMethod]
    [DynamicData(nameof(Quotations))]
    public void ThePageQuotesWhatTheLibrarySays(string page, int number)
    {
        using var folder = new TemporaryFolder();
        string said = Plain(Message(() => Causes[page][number - 1]!(folder.Path)).Replace(folder.Path, "/data", StringComparison.Ordinal));
        IEnumerable<string> parts = Plain(Blocks(page)[number - 1]).Split(Elision).Select(Regex.Escape);
        StringAssert.Matches(said, new Regex($"^{string.Join(".*", parts)}$"));
    }

    [TestMethod]
    public void EveryQuotationHasItsCauseHere()
    {
        string[] expected = [.. Causes.Select(page => $"{page.Key}: {page.Value.Length}").Order(StringComparer.Ordinal)];
        string[] found =
        [
            .. Directory.GetFiles(Folder, "*.md").Select(path => Path.GetFileName(path)).Where(page => page != "README.md")
                .Select(page => $"{page}: {Blocks(page).Length}").Order(StringComparer.Ordinal),
        ];
        CollectionAssert.AreEqual(expected, found, string.Join(", ", found));
    }

    private static string[] Blocks(string page)
    {
        string text = File.ReadAllText(Path.Combine(Folder, page)).ReplaceLineEndings("\n");
        return [.. Block().Matches(text).Select(match => match.Groups["said"].Value)];
    }

    private static string Plain(string text) => Spaces().Replace(text, " ").Trim();

    private static string Message(Action action)
    {
        try
        {
            action();
        }
        catch (Exception error)
        {
            return $"{error.GetType().FullName}: {error.Message}";
        }
        throw new AssertFailedException("Nothing was thrown.");
    }

    private static void Cannot(NativeLibraryFault fault) => throw new TorchUnavailableException(fault.Explain(), null);

    private static IDataView Rows() => Ml.Data.LoadFromEnumerable(TextRow.Make("the cat sat on the mat", "a small bird sang"));

    private static void WithModel(Action<MaskedDiffusionModel> use)
    {
        using MaskedDiffusionModel model = TinyModel.Create();
        use(model);
    }

    private static string SaveModel(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        WithModel(model => model.Save(path));
        return path;
    }

    private static string SavePipeline(string folder, bool beside)
    {
        string zip = Path.Combine(folder, "lm.zip");
        WithModel(model => Ml.MaskedDiffusion().SaveModel(
            Ml.MaskedDiffusion().ScoreLikelihood(model).Fit(Rows()), Rows().Schema, zip, beside ? 0 : 64 << 20));
        return zip;
    }

    private static string Carrier(string folder, string header)
    {
        KeyValuePair<int, string[]>[] blob = [new(CarrierNames.BlobKey, [header, ""])];
        ITransformer carrier = Ml.Transforms.CustomMapping<CarrierNoInput, CarrierKeyRow>(CarrierKeyFactory.Map, CarrierNames.KeyContract)
            .Append(Ml.Transforms.Conversion.MapValue<int, string>(CarrierNames.Blob, blob, CarrierNames.Key)).Fit(Rows());
        string zip = Path.Combine(folder, "lm.zip");
        Ml.Model.Save(carrier, Rows().Schema, zip);
        return zip;
    }

    private static TrainerOptions Small(string textColumnName = "Text", string device = "cpu")
    {
        TrainerOptions options = Components.Training();
        (options.TextColumnName, options.Device) = (textColumnName, device);
        return options;
    }

    private static void Train(string folder, bool resume, double learningRate = 1e-3)
    {
        TrainerOptions options = Small();
        options.Checkpoints = new CheckpointOptions { Folder = Path.Combine(folder, "run"), Interval = 1 };
        Ml.MaskedDiffusion().Trainer(options).Fit(Rows()).Dispose();
        options.LearningRate = learningRate;
        options.Checkpoints.Resume = resume;
        Ml.MaskedDiffusion().Trainer(options).Fit(Rows()).Dispose();
    }

    private static string Library(string folder, string name)
    {
        string path = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        foreach (string library in new[] { "torch_cpu.dll", "libtorch_cpu.dylib", "libtorch_cpu.so" })
            File.WriteAllText(Path.Combine(path, library), "");
        return path;
    }

    private static string Golden(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", name);

    private static void Change(string path, Action<JsonObject> change)
    {
        JsonObject root = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(root);
        File.WriteAllText(path, root.ToJsonString());
    }

    private static void Flip(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    private static void Cut(string path) => File.WriteAllBytes(path, File.ReadAllBytes(path)[..1000]);

    [GeneratedRegex(@"^```text\n(?<said>.*?)\n```$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Block();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
