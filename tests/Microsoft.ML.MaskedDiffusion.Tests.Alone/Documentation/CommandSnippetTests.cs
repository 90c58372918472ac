using System.Text.RegularExpressions;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Every command line of the tool that the documentation prints runs, page by page and in the page's order, with networks and trainings
/// that take no time; and a printed error is the one that the tool writes.
/// </summary>
[TestClass]
public sealed partial class CommandSnippetTests
{
    private const string Network =
        "{\"LayerCount\":1,\"HeadCount\":1,\"EmbeddingSize\":8,\"FeedForwardSize\":16,\"ContextLength\":128}";

    public static IEnumerable<object[]> Pages =>
        Repository.Pages.Where(page => Block().IsMatch(Text(page))).Select(page => new object[] { page });

    [TestMethod]
    [DynamicData(nameof(Pages))]
    public void RunAsPrinted(string page)
    {
        using MaskedDiffusionModel model =
            TinyModel.Create(TokenizerSource.Bytes().Resolve(() => [], null, CancellationToken.None), contextLength: 256);
        using var folder = new SnippetFolder(model);
        // The page's first line makes it.
        File.Delete("lm.zip");
        foreach (Match block in Block().Matches(Text(page)))
        {
            string line = block.Groups["line"].Value;
            string[] arguments = [.. Argument().Matches(line).Select(part => part.Value.Replace("\"", "", StringComparison.Ordinal))];
            string? target = null;
            if (Array.IndexOf(arguments, ">") is int at and >= 0)
                (target, arguments) = (arguments[at + 1], arguments[..at]);
            string error = block.Groups["error"].Value;
            if (error == "" && arguments[0] is "train" or "finetune" or "search")
                arguments = [.. arguments, .. Smaller(arguments)];
            ToolRun run = ToolRun.Of(arguments);
            int expected = error == "" ? Mdm.ExitCode.Done : Mdm.ExitCode.WrongUsage;
            Assert.AreEqual(expected, run.ExitCode, $"{page}: {line}\n{run.Output}\n{run.Error}");
            Assert.AreEqual(error, run.Error.StartsWith("error", StringComparison.Ordinal) ? run.Error.Trim() : "", $"{page}: {line}");
            if (target is not null)
                File.WriteAllText(target, run.Output);
        }
    }

    // Networks and budgets as printed would take minutes; a tuned model's network is the one that it began with.
    private static string[] Smaller(string[] arguments)
    {
        string[] shorter = arguments.Contains("--max-steps") || arguments[0] == "finetune" ? [] : ["--max-steps", "4"];
        string trainer = arguments[0] == "search" ? "Search.Trainer" : "Trainer";
        string[] smaller = arguments[0] == "finetune" ? [] : ["--set", $"{trainer}.Network={Network}", "--set", $"{trainer}.BatchSize=2"];
        return [.. shorter, .. smaller];
    }

    private static string Text(string page) => File.ReadAllText(Path.Combine(Repository.Root, page)).ReplaceLineEndings("\n");

    [GeneratedRegex(@"^\$ mdm (?<line>.*)\n(?<error>error: .*(?=\n))?", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Block();

    [GeneratedRegex("""(?:[^\s"]|"[^"]*")+""")]
    private static partial Regex Argument();
}
