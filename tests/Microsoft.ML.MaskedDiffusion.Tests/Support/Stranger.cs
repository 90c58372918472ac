using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Assemblies of somebody else, compiled while a test runs. One knows ML.NET alone, and loads, scores with and saves again whatever zips
/// are in a folder; as a startup hook it does so in a process that has never seen a type of this library. The other is a plug-in that uses
/// this library.
/// </summary>
internal static class Stranger
{
    /// <summary>The environment variable with the number of torch's threads that the program sets.</summary>
    public const string Threads = "MDM_TEST_THREADS";

    private const string Folder = "MDM_TEST_FOLDER", RowsFile = "rows.json";

    private const string Ours = "Microsoft.ML.MaskedDiffusion";

    private const string KnowsMlNet =
        """
        using System;
        using System.Collections.Generic;
        using System.IO;
        using System.Linq;
        using System.Text;
        using System.Text.Json;
        using Microsoft.ML;

        public sealed class Row
        {
            public string Prompt { get; set; } = "";
            public string Text { get; set; } = "";
            public string Context { get; set; } = "";
            public string[] Choices { get; set; } = [];
            public string Choice { get; set; } = "";
            public string Group { get; set; } = "";
            public string Gaps { get; set; } = "";
        }

        public static class Scores
        {
            public static string Of(string folder)
            {
                var text = new StringBuilder();
                foreach (string zip in Directory.GetFiles(folder, "*.zip").Order(StringComparer.Ordinal))
                {
                    var ml = new MLContext(1);
                    ITransformer loaded = ml.Model.Load(zip, out DataViewSchema schema);
                    text.Append(Of(ml, folder, loaded));
                    ml.Model.Save(loaded, schema, zip + ".again");
                }
                return text.ToString();
            }

            public static string Of(MLContext ml, string folder, ITransformer transformer)
            {
                List<Row> rows = JsonSerializer.Deserialize<List<Row>>(File.ReadAllText(Path.Combine(folder, "rows.json")))!;
                IDataView scored = transformer.Transform(ml.Data.LoadFromEnumerable(rows));
                string[] given = typeof(Row).GetProperties().Select(property => property.Name).ToArray();
                using var stream = new MemoryStream();
                ml.Data.SaveAsText(
                    ml.Transforms.DropColumns(given).Fit(scored).Transform(scored), stream, headerRow: false, schema: false);
                return Encoding.UTF8.GetString(stream.ToArray());
            }
        }

        internal static class StartupHook
        {
            public static void Initialize()
            {
                string folder = Environment.GetEnvironmentVariable("MDM_TEST_FOLDER")!;
                File.WriteAllText(Path.Combine(folder, "scores.txt"), Scores.Of(folder));
                Environment.Exit(0);
            }
        }
        """;

    private const string KnowsTorch =
        """
        using System;
        using System.IO;
        using Microsoft.ML.MaskedDiffusion;
        using TorchSharp;

        internal static class StartupHook
        {
            public static void Initialize()
            {
                string folder = Environment.GetEnvironmentVariable("MDM_TEST_FOLDER")!;
                if (Environment.GetEnvironmentVariable("MDM_TEST_THREADS") is { } threads)
                    torch.set_num_threads(int.Parse(threads));
                using (MaskedDiffusionModel model = MaskedDiffusionModel.Load(Path.Combine(folder, "model.mdm"), "cpu"))
                    new LikelihoodScorer(model).Score("the cat");
                File.WriteAllText(Path.Combine(folder, "scores.txt"), $"{torch.get_num_threads()}");
                Environment.Exit(0);
            }
        }
        """;

    private const string KnowsUs =
        """
        using System.IO;
        using Microsoft.ML;
        using Microsoft.ML.MaskedDiffusion;

        public static class PlugIn
        {
            public static string Load(string folder, string zip)
            {
                var ml = new MLContext(1);
                ITransformer loaded = ml.MaskedDiffusion().LoadModel(Path.Combine(folder, zip), out DataViewSchema schema);
                ml.Model.Save(loaded, schema, Path.Combine(folder, zip + ".again"));
                loaded = ml.MaskedDiffusion().LoadModel(Path.Combine(folder, zip + ".again"), out schema);
                using MaskedDiffusionModel model = ml.MaskedDiffusion().OpenModel(Path.Combine(folder, zip));
                using var transformer = (ModelTransformer)loaded;
                return Scores.Of(ml, folder, transformer);
            }
        }
        """;

    /// <summary>Writes the assembly that knows ML.NET alone.</summary>
    public static string Compile(string folder) => Compile(folder, "Stranger", [KnowsMlNet], path => !IsOurs(path));

    /// <summary>Writes the plug-in, which can do the same and uses this library.</summary>
    public static string CompilePlugIn(string folder) => Compile(folder, "PlugIn", [KnowsMlNet, KnowsUs], _ => true);

    /// <summary>
    /// Writes an assembly that sets the number of torch's threads, where <see cref="Threads"/> has one, before it uses this library, and
    /// tells the number after that.
    /// </summary>
    public static string CompileTorchUser(string folder) => Compile(folder, "TorchUser", [KnowsTorch], _ => true);

    /// <summary>Runs an assembly in a process of its own, as a startup hook; returns what it writes.</summary>
    public static string Run(string hook, string folder, params IEnumerable<(string Name, string Value)> environment)
    {
        // The tests' own files say which assemblies there are; the hook runs before their program and ends it.
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(Stranger).Assembly.Location]) { RedirectStandardError = true };
        start.Environment["DOTNET_STARTUP_HOOKS"] = hook;
        start.Environment[Folder] = folder;
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, errors);
        return File.ReadAllText(Path.Combine(folder, "scores.txt"));
    }

    /// <summary>Saves transformers, and rows for them; returns what they make of the rows.</summary>
    public static string Prepare(string folder, params IReadOnlyList<string> components)
    {
        FixtureRow[] rows = Components.Rows(4);
        File.WriteAllText(Path.Combine(folder, RowsFile), JsonSerializer.Serialize(rows));
        IDataView view = FixtureRow.View(rows);
        var ml = new MLContext(1);
        var text = new StringBuilder();
        string[] given = [.. view.Schema.Select(column => column.Name)];
        foreach (string name in components.OrderBy(name => name + ".zip", StringComparer.Ordinal))
        {
            using MaskedDiffusionModel model = Components.Model(name);
            using ModelTransformer transformer = Components.Estimator(ml, name, model).Fit(view);
            ml.Model.Save(transformer, view.Schema, Path.Combine(folder, name + ".zip"));
            IDataView scored = transformer.Transform(view);
            using var stream = new MemoryStream();
            ml.Data.SaveAsText(ml.Transforms.DropColumns(given).Fit(scored).Transform(scored), stream, headerRow: false, schema: false);
            text.Append(Encoding.UTF8.GetString(stream.ToArray()));
        }
        return text.ToString();
    }

    private static bool IsOurs(string path) => Path.GetFileName(path).StartsWith(Ours, StringComparison.Ordinal);

    private static string Compile(string folder, string name, string[] sources, Func<string, bool> isReferenced)
    {
        string trusted = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        var compilation = CSharpCompilation.Create(
            name,
            sources.Select(source => CSharpSyntaxTree.ParseText(source)),
            trusted.Split(Path.PathSeparator).Where(isReferenced).Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        string path = Path.Combine(folder, name + ".dll");
        EmitResult result = compilation.Emit(path);
        Assert.IsTrue(result.Success, string.Join('\n', result.Diagnostics));
        return path;
    }
}
