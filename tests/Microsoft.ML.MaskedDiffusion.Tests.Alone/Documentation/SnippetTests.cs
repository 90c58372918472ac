using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Every C# snippet of the documentation has its usings, compiles against this library, and runs to its end. It runs as printed but for
/// the sizes that <see cref="Smaller"/> names, in a folder with the files that it reads.
/// </summary>
[TestClass]
public sealed partial class SnippetTests
{
    private const string Network = "new TransformerConfig "
        + "{ LayerCount = 1, HeadCount = 1, EmbeddingSize = 16, FeedForwardSize = 32, ContextLength = 32 }";

    // What a snippet says, and what is run in its place, so that it takes seconds and not hours.
    private static readonly (string Printed, string Run)[] Smaller =
    [
        ("TransformerConfig.FromPreset(\"19M\") with { ContextLength = 256 }", Network),
        ("TransformerConfig.FromPreset(\"6M\") with { ContextLength = 256 }", Network),
        ("TransformerConfig.FromPreset(\"19M\") with { ContextLength = 2048 }", Network),
        (".Trainer().Fit(", $".Trainer(new() {{ TextColumnName = \"Text\", Network = {Network}, MaxSteps = 3 }}).Fit("),
        ("Tokenizer = TokenizerSource.FromFile(\"llama/tokenizer.model\"), ",
            "MaxSteps = 3, BatchSize = 2, Tokenizer = TokenizerSource.FromFile(\"llama/tokenizer.model\"), "),
        ("using var group = MpiProcessGroup.Start();", "IProcessGroup group = SingleProcess.Instance;"),
        ("BatchSize = 64, ", ""),
        ("MaxSteps = 2000", "BatchSize = 2, MaxSteps = 27"),
        ("MaxSteps = 1500", "BatchSize = 2, MaxSteps = 2"),
        ("MaxSteps = 1000", "MaxSteps = 20"),
        ("CancellationToken = stop.Token,\n    Progress = new ConsoleProgress(),",
            "CancellationToken = stop.Token, ProgressInterval = 1, Progress = new Progress<TrainingProgress>(told => "
            // It is told from another thread, maybe after the end.
            + "{ try { if (told.Step > 0) stop.Cancel(); } catch (ObjectDisposedException) { } }),"),
    ];

    // What snippets may use without declaring it: things that the text before them has made.
    private static readonly (Type Type, string Name)[] Given =
    [
        (typeof(MLContext), "ml"), (typeof(IDataView), "data"), (typeof(IDataView), "rows"), (typeof(IDataView), "held"),
        (typeof(MaskedDiffusionModel), "model"), (typeof(CancellationToken), "cancellation"),
    ];

    private static readonly MetadataReference[] References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => !Path.GetFileName(path).StartsWith("Microsoft.ML.MaskedDiffusion.Tests", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    private static MaskedDiffusionModel _model = null!;
    private static SnippetFolder _folder = null!;

    public static IEnumerable<object[]> Snippets =>
        from file in Repository.Pages
        from match in Block().Matches(File.ReadAllText(Path.Combine(Repository.Root, file)).ReplaceLineEndings("\n")).Index()
        select new object[] { $"{file}, snippet {match.Index + 1}", match.Item.Groups["code"].Value };

    [ClassInitialize]
    public static void CreateFolder(TestContext context)
    {
        _ = context;
        _model = TinyModel.Create(TokenizerSource.Bytes().Resolve(() => [], null, CancellationToken.None), contextLength: 1024);
        _folder = new SnippetFolder(_model);
        AppContext.SetData(Key("ml"), new MLContext(1));
        AppContext.SetData(Key("model"), _model);
        AppContext.SetData(Key("cancellation"), CancellationToken.None);
        foreach (string view in new[] { "data", "rows", "held" })
            AppContext.SetData(Key(view), SnippetRow.View(new MLContext(1)));
    }

    [ClassCleanup]
    public static void DeleteFolder()
    {
        foreach ((_, string name) in Given)
            AppContext.SetData(Key(name), null);
        _folder.Dispose();
        _model.Dispose();
    }

    [TestMethod]
    [DynamicData(nameof(Snippets))]
    public async Task RunsAsPrinted(string name, string code)
    {
        StringAssert.StartsWith(code, "using ", $"{name} begins with its using lines");
        foreach ((string printed, string run) in Smaller)
            code = code.Replace(printed, run, StringComparison.Ordinal);
        MethodInfo main = Compile(name, code).EntryPoint!;
        TextWriter output = Console.Out;
        using var written = new StringWriter();
        Console.SetOut(written);
        try
        {
            object? result = main.Invoke(null, main.GetParameters().Length == 0 ? [] : [Array.Empty<string>()]);
            if (result is Task running)
                await running;
        }
        catch (TargetInvocationException failure)
        {
            Assert.Fail($"{name}: {failure.InnerException}\n{code}");
        }
        finally
        {
            Console.SetOut(output);
        }
        if (code.Contains("Console.Write", StringComparison.Ordinal))
            Assert.AreNotEqual("", written.ToString().Trim(), $"{name} writes something");
    }

    [TestMethod]
    public void EverySizeAndEveryGivenThingIsUsed()
    {
        string all = string.Concat(Snippets.Select(snippet => snippet[1]));
        foreach ((string printed, _) in Smaller)
            StringAssert.Contains(all, printed);
        foreach ((_, string name) in Given)
            StringAssert.Matches(all, new Regex($@"\b{name}\b"));
    }

    private static Assembly Compile(string name, string code)
    {
        string[] lines = code.Split('\n');
        int body = Array.FindIndex(lines, line => !line.StartsWith("using ", StringComparison.Ordinal) || line.Contains('='));
        string usings = string.Join('\n', lines[..body]), statements = string.Join('\n', lines[body..]);
        IEnumerable<string> prelude = Given
            .Where(given => Regex.IsMatch(statements, $@"\b{given.Name}\b") && !Regex.IsMatch(statements, $@"\w\]?\s+{given.Name}\s*[=;)]"))
            .Select(given => $"var {given.Name} = ({given.Type.FullName})AppContext.GetData(\"{Key(given.Name)}\")!;");
        // The implicit usings of every new project.
        const string Implicit = "global using System; global using System.Collections.Generic; global using System.IO; "
            + "global using System.Linq; global using System.Threading; global using System.Threading.Tasks;";
        var compilation = CSharpCompilation.Create($"Snippet{Guid.NewGuid():N}",
            [CSharpSyntaxTree.ParseText(Implicit), CSharpSyntaxTree.ParseText($"{usings}\n{string.Join('\n', prelude)}\n{statements}")],
            References, new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        using var image = new MemoryStream();
        string[] errors = [.. compilation.Emit(image).Diagnostics.Where(found => found.Severity == DiagnosticSeverity.Error)
            .Select(found => found.ToString())];
        Assert.IsEmpty(errors, $"{name}:\n{string.Join('\n', errors)}\n{code}");
        return Assembly.Load(image.ToArray());
    }

    private static string Key(string name) => $"snippet {name}";

    [GeneratedRegex(@"^```csharp\n(?<code>.*?)\n```$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Block();
}
