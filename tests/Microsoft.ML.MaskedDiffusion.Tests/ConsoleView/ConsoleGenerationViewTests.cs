using ConsoleView;
using Spectre.Console;
using Spectre.Console.Testing;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class ConsoleGenerationViewTests
{
    [TestMethod]
    public void AFrameHasTextLegendAndFigures()
    {
        GenerationState state = GivenState.Of("", ["The ", "_", " sat", "_"], 2) with { Step = 4, NetworkRowCount = 7 };
        string[] lines = Lines(state, 80, prompt: "Once. ");
        Assert.AreEqual("Once. The ░░  sat░░", lines[0], "a masked position is a block and a space");
        Assert.AreEqual("", lines[1]);
        Assert.AreEqual("unsure ██████████ sure   ░░ masked   ▒▒ masked again   new in this step", lines[2]);
        Assert.AreEqual("step 5, 2 of 4 tokens, 7 network rows, 1 tokens/s", lines[3]);
    }

    [TestMethod]
    public void APromptAndATextShareTheSpaceBetweenThem()
    {
        Assert.AreEqual("a b", Lines(GivenState.Of("", [" b"]), 80, prompt: "a ")[0]);
        Assert.AreEqual("a b", Lines(GivenState.Of("", ["b"]), 80, prompt: "a ")[0]);
    }

    [TestMethod]
    public void NothingInATextIsObeyed()
    {
        GenerationState state = GivenState.Of("", ["[red]x[/]", "\u001b[31m", "a\tb\u0007", "\u202Egnp", "l\r\nm", "\u0085"], 0);
        string[] lines = Lines(state, 80);
        Assert.AreEqual("[red]x[/]␛[31ma→b␇\uFFFDgnpl↵", lines[0]);
        Assert.AreEqual("m\uFFFD", lines[1]);
        Assert.AreEqual("a␛[31m\tb\nc\uFFFD", TextCells.PlainText("a\u001b[31m\tb\nc\u202E"));
        Assert.AreEqual("a\uFFFDb", Lines(GivenState.Of("", ["b"]), 80, prompt: "a\uD83D")[0]);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(7)]
    [DataRow(20)]
    [DataRow(33)]
    public void NoLineIsWiderThanTheConsole(int width)
    {
        string[] tokens = ["日本語", " の", "text", " averyveryverylongword", "_", "e\u0301", " 👩‍👩‍👧", "\n", "_", "_", " end"];
        GenerationState state = GivenState.Of("", tokens, 1, 2);
        foreach (string line in Lines(state, width, prompt: "Once upon a time "))
            Limit.AtMost(Math.Max(2, width), new Spectre.Console.Rendering.Segment(line).CellCount(), $"'{line}'");
    }

    [TestMethod]
    public void LongTextsShowTheirEnd()
    {
        string[] tokens = [.. Enumerable.Range(0, 60).Select(i => $"line{i}\n"), "_", "_"];
        string[] lines = Lines(GivenState.Of("", tokens), 40, maxHeight: 13);
        Assert.AreEqual("... 52 lines above", lines[0]);
        Assert.AreEqual("line52↵", lines[1]);
        Assert.AreEqual("░░ ░░", lines[9]);
        Assert.AreEqual(13, lines.Length);

        string[] first = [.. Enumerable.Range(0, 60).Select(i => i < 3 ? $"line{i}\n" : "_\n".Trim())];
        string[] begun = Lines(GivenState.Of("", first), 4, maxHeight: 13);
        Assert.AreEqual("line", begun[0]);
        StringAssert.StartsWith(begun[9], "...");
    }

    [TestMethod]
    public void ColoursAreThoseOfTheProbability()
    {
        Assert.AreEqual(TokenColors.Scale[0], TokenColors.Of(0, false).Foreground);
        Assert.AreEqual(TokenColors.Scale[4], TokenColors.Of(1, false).Foreground);
        Assert.AreEqual(TokenColors.Scale[2], TokenColors.Of(0.5, true).Background);
        Assert.AreEqual(TokenColors.Scale[0], TokenColors.Of(double.NaN, false).Foreground);
    }

    [TestMethod]
    public async Task TheLastStateStaysInTheConsole()
    {
        using var console = new TestConsole();
        console.Width(60).Height(20).EmitAnsiSequences();
        var view = new ConsoleGenerationView(console, new FakeClock(), isPlain: false);
        GeneratedText result = await view.ShowAsync(States(), "p ");
        Assert.AreEqual("ab", result.Text);
        StringAssert.Contains(console.Output, "2 tokens in 1 steps");
        StringAssert.Contains(console.Output, "ended by length");
        StringAssert.Contains(console.Output, "\u001b[");
    }

    [TestMethod]
    public async Task PlainOutputIsTheTextOnce()
    {
        using var console = new TestConsole();
        console.Width(20).EmitAnsiSequences();
        var view = new ConsoleGenerationView(console, new FakeClock(), isPlain: true);
        await view.ShowAsync(States(), "a prompt that is longer than the console ");
        Assert.AreEqual(
            "a prompt that is longer than the console ab\n[2 tokens in 1 steps, ended by length, 0 network rows, 2,000 tokens/s]\n",
            console.Output.ReplaceLineEndings("\n"));
    }

    [TestMethod]
    public async Task StatesWithoutAResultAreAnError()
    {
        using var console = new TestConsole();
        var view = new ConsoleGenerationView(console);
        await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => view.ShowAsync(States().Take(1)));
        await Assert.ThrowsExactlyAsync<ArgumentNullException>(() => view.ShowAsync(null!));
    }

    private static async IAsyncEnumerable<GenerationState> States()
    {
        await Task.Yield();
        yield return GivenState.Of("", ["_", "b"], 1);
        yield return GivenState.Done("ab", ["a", "b"], 0);
    }

    private static string[] Lines(GenerationState state, int width, string prompt = "", int? maxHeight = null)
    {
        using var console = new TestConsole();
        console.Width(width);
        console.Write(new GenerationFrame(state, prompt, TimeSpan.FromSeconds(2), maxHeight));
        return [.. console.Output.TrimEnd('\n').Split('\n').Select(line => line.TrimEnd())];
    }
}
