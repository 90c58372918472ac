using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Every C# snippet of the documentation has its usings, and compiles against this library.</summary>
[TestClass]
[DoNotParallelize]
public sealed partial class SnippetTests
{
    // What snippets may use without declaring it: things that the text before them has made.
    private static readonly (string Type, string Name)[] Given =
    [
        ("Microsoft.ML.MLContext", "ml"), ("Microsoft.ML.IDataView", "data"), ("Microsoft.ML.IDataView", "rows"),
        ("Microsoft.ML.IDataView", "held"), ("Microsoft.ML.IDataView", "corpus"), ("Microsoft.ML.ITransformer", "transformer"),
        ("Microsoft.ML.MaskedDiffusion.MaskedDiffusionModel", "model"), ("System.Threading.CancellationToken", "cancellation"),
    ];

    private static readonly MetadataReference[] References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => !path.EndsWith("Tests.dll", StringComparison.Ordinal)).Select(path => MetadataReference.CreateFromFile(path)),
    ];

    public static IEnumerable<object[]> Snippets =>
        from file in new[] { "README.md", "src/Microsoft.ML.MaskedDiffusion/PACKAGE.md" }
            .Concat(Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md")
                .Select(path => "docs/" + Path.GetFileName(path))).Order(StringComparer.Ordinal)
        from match in Block().Matches(File.ReadAllText(Path.Combine(Repository.Root, file)).ReplaceLineEndings("\n")).Index()
        select new object[] { $"{file}, snippet {match.Index + 1}", match.Item.Groups["code"].Value };

    [TestMethod]
    [DynamicData(nameof(Snippets))]
    public void CompilesAsPrinted(string name, string code)
    {
        StringAssert.StartsWith(code, "using ", $"{name} begins with its using lines");
        string[] lines = code.Split('\n');
        int body = Array.FindIndex(lines, line => !line.StartsWith("using ", StringComparison.Ordinal) || line.Contains('='));
        string usings = string.Join('\n', lines[..body]), statements = string.Join('\n', lines[body..]);
        IEnumerable<string> prelude = Given
            .Where(given => Regex.IsMatch(statements, $@"\b{given.Name}\b") && !Regex.IsMatch(statements, $@"\w\]?\s+{given.Name}\s*[=;)]"))
            .Select(given => $"{given.Type} {given.Name} = default!;");
        // The implicit usings of every new project.
        const string Implicit = "global using System; global using System.Collections.Generic; global using System.IO; "
            + "global using System.Linq; global using System.Threading; global using System.Threading.Tasks;";
        var compilation = CSharpCompilation.Create("snippet",
            [CSharpSyntaxTree.ParseText(Implicit), CSharpSyntaxTree.ParseText($"{usings}\n{string.Join('\n', prelude)}\n{statements}")],
            References, new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        string[] errors = [.. compilation.GetDiagnostics().Where(found => found.Severity == DiagnosticSeverity.Error
            && found.Id != "CS5001").Select(found => found.ToString())];
        Assert.IsEmpty(errors, $"{name}:\n{string.Join('\n', errors)}\n{code}");
    }

    [GeneratedRegex(@"^```csharp\n(?<code>.*?)\n```$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Block();
}
