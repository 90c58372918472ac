using Mdm;
using Mdm.Output;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What is left of the work of a command that is interrupted.</summary>
[TestClass]
public sealed class CommandLineInterruptionTests
{
    private static readonly ToolFiles Files = new();
    private readonly TemporaryFolder _folder = new();

    [ClassCleanup]
    public static void Delete() => Files.Dispose();

    [TestCleanup]
    public void Clean() => _folder.Dispose();

    [TestMethod]
    public void AnInterruptedCommandSaysSo()
    {
        string[] arguments = ["score", "--model", Files.Model, "the cat sat on the mat"];
        ToolRun run = ToolRun.Of(arguments, "", null, new CancellationToken(canceled: true));
        Assert.AreEqual(ExitCode.Interrupted, run.ExitCode);
        Assert.AreEqual("", run.Output);
        StringAssert.Contains(run.Error, "Interrupted");
    }

    [TestMethod]
    public void WhatIsScoredBeforeAnInterruptionIsWritten()
    {
        string[] texts = [.. Enumerable.Range(0, 100).Select(number => $"one two {number}")];
        ToolRun run = InterruptedByOutput(["score", "--model", Files.Model, "--json", .. texts]);
        Assert.IsNotEmpty(run.Lines);
        Limit.Below(100, run.Lines.Length);
        StringAssert.Contains(run.Error, $"Interrupted after {run.Lines.Length} of 100 texts.");
    }

    [TestMethod]
    public void WhatIsChosenBeforeAnInterruptionIsWritten()
    {
        string file = _folder.File("questions.jsonl");
        File.WriteAllLines(file, Enumerable.Range(0, 40).Select(i => $$"""{"context": "the {{i}}", "choices": ["cat", "mat"]}"""));
        string[] arguments = ["choose", "--model", Files.Model, "--file", file, "--samples", "4", "--set", "Scoring.BatchSize=8"];
        string[] whole = ToolRun.Done([.. arguments, "--json"]).Lines;
        ToolRun json = InterruptedByOutput([.. arguments, "--json"]);
        CollectionAssert.AreEqual(whole[..8], json.Lines);
        StringAssert.Contains(json.Error, "Interrupted after 8 of 40 questions.");
        ToolRun plain = InterruptedByOutput(arguments);
        Assert.HasCount(17, plain.Lines, "a heading, and a line for each choice");
        StringAssert.Contains(plain.Error, "Interrupted after 8 of 40 questions.");
    }

    [TestMethod]
    public void FilesThatAreMeasuredBeforeAnInterruptionAreTold()
    {
        string[] files = [_folder.File("a.txt"), _folder.File("b.txt"), _folder.File("c.txt")];
        File.WriteAllText(files[0], "the cat sat on the mat");
        File.WriteAllText(files[1], "one two three");
        File.WriteAllText(files[2], "the river\n\nruns\n\nto the sea\n\nfour five");
        string[] options = ["--model", Files.Model, "--samples", "4", "--json", "--set", "Perplexity.DocumentsPerBatch=2"];
        string[] whole = ToolRun.Done(["perplexity", .. files, .. options]).Lines;
        Assert.HasCount(4, whole, "each file and all");
        ToolRun run = InterruptedByProgress(["perplexity", .. files, .. options]);
        CollectionAssert.AreEqual(whole[..2], run.Lines);
        StringAssert.Contains(run.Error, $"Interrupted in {files[2]}; the figures are those of the files before it.");

        ToolRun first = InterruptedByProgress(["perplexity", files[2], files[0], files[1], .. options]);
        Assert.AreEqual("", first.Output);
        StringAssert.Contains(first.Error, "Interrupted before there was anything to save.");
    }

    // Interrupted by the first line of the output.
    private static ToolRun InterruptedByOutput(string[] arguments)
    {
        using var interruption = new CancellationTokenSource();
        using var output = new InterruptingWriter(interruption);
        return Interrupted(arguments, output, TextWriter.Null, interruption.Token);
    }

    // Interrupted by the first report of progress.
    private static ToolRun InterruptedByProgress(string[] arguments)
    {
        using var interruption = new CancellationTokenSource();
        using var output = new StringWriter();
        using var progress = new InterruptingWriter(interruption);
        return Interrupted(arguments, output, progress, interruption.Token);
    }

    private static ToolRun Interrupted(string[] arguments, StringWriter output, TextWriter progress, CancellationToken cancellation)
    {
        using var error = new StringWriter();
        var console = new ToolConsole
        {
            In = Stream.Null, Out = output, Error = error, Progress = () => new ConsoleProgress(progress, TimeSpan.Zero),
        };
        int status = Tool.Run(arguments, console, cancellation);
        Assert.AreEqual(ExitCode.Interrupted, status, error.ToString());
        return new ToolRun(status, output.ToString(), error.ToString());
    }

    private sealed class InterruptingWriter(CancellationTokenSource interruption) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            interruption.Cancel();
        }
    }
}
