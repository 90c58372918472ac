using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Files of requests in, files of answers out: order, flags, resuming.</summary>
[TestClass]
public sealed class LmEvalRequestsTests
{
    private string _folder = "", _requests = "", _responses = "";

    [TestInitialize]
    public void CreateFolder()
    {
        _folder = Directory.CreateTempSubdirectory("mdm").FullName;
        (_requests, _responses) = (Path.Combine(_folder, "in.jsonl"), Path.Combine(_folder, "out.jsonl"));
    }

    [TestCleanup]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Answers_KeepTheOrderAndFlagWhatCannotBeScored()
    {
        Write(("The", " end"), ("A", ""), (new string('x', 40), " y"), ("", " go"));
        FakeScorer scorer = Scorer();
        LmEvalSummary summary = new LmEvalRequests(scorer, new LmEvalOptions { RequestsPerBatch = 3 }).Score(_requests, _responses);
        Assert.AreEqual(new LmEvalSummary(4, 0, 2, 0), summary);
        JsonElement[] lines = [.. File.ReadLines(_responses).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.AreEqual(-4, lines[0].GetProperty("loglikelihood").GetDouble());
        Assert.AreEqual(0.25, lines[0].GetProperty("standard_error").GetDouble());
        Assert.AreEqual(4, lines[0].GetProperty("tokens").GetInt32());
        Assert.IsTrue(lines[0].GetProperty("is_greedy").GetBoolean());
        Assert.AreEqual("the continuation is empty", lines[1].GetProperty("error").GetString());
        Assert.AreEqual(JsonValueKind.Null, lines[1].GetProperty("loglikelihood").ValueKind);
        StringAssert.Contains(lines[2].GetProperty("error").GetString(), "20 tokens");
        Assert.IsFalse(lines[3].GetProperty("is_greedy").GetBoolean());
        Assert.IsFalse(lines[3].TryGetProperty("error", out _));
        CollectionAssert.AreEquivalent(new[] { _requests, _responses }, Directory.GetFiles(_folder));

        var keepingEnd = new LmEvalOptions { ContextOverflow = ContextOverflow.KeepEnd, Greedy = false };
        string written = File.ReadAllText(_responses);
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(
            () => new LmEvalRequests(Scorer(), keepingEnd).Score(_requests, _responses)).Message, "is not replaced");
        Assert.AreEqual(written, File.ReadAllText(_responses));
        File.Delete(_responses);
        LmEvalSummary cut = new LmEvalRequests(Scorer(), keepingEnd).Score(_requests, _responses);
        Assert.AreEqual(new LmEvalSummary(4, 0, 1, 1), cut);
        Assert.IsTrue(JsonDocument.Parse(File.ReadLines(_responses).ElementAt(2)).RootElement.GetProperty("truncated").GetBoolean());
    }

    [TestMethod]
    public void AnInvalidLineNeedNotEndARun()
    {
        string bad = """{"context": "half \ud83d", "continuation": " y"}""";
        File.WriteAllLines(_requests, ["""{"context": "The", "continuation": " end"}""", bad, "no JSON", """{"context": "a"}"""]);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(
            () => new LmEvalRequests(Scorer(), new LmEvalOptions()).Score(_requests, _responses)).Message, "line 2: a text is not Unicode");
        File.Delete(_responses + ".partial");
        LmEvalSummary summary = new LmEvalRequests(Scorer(), new LmEvalOptions { InvalidRows = InvalidRows.Skip })
            .Score(_requests, _responses);
        Assert.AreEqual(new LmEvalSummary(4, 0, 3, 0), summary);
        string?[] errors = [.. File.ReadLines(_responses).Select(line => JsonDocument.Parse(line).RootElement)
            .Select(line => line.TryGetProperty("error", out JsonElement error) ? error.GetString() : null)];
        Assert.IsNull(errors[0]);
        StringAssert.Contains(errors[1], "Unicode");
        StringAssert.Contains(errors[2], "not JSON");
        StringAssert.Contains(errors[3], "'continuation' is missing");
    }

    [TestMethod]
    public void ALineThatIsNotUtf8KeepsItsPlace()
    {
        byte[] request = [.. """{"context": "The", "continuation": " end"}"""u8, (byte)'\n'];
        File.WriteAllBytes(_requests, [.. request, 0xFF, (byte)'\n', .. request]);
        var options = new LmEvalOptions { InvalidRows = InvalidRows.Skip };
        Assert.AreEqual(new LmEvalSummary(3, 0, 1, 0), new LmEvalRequests(Scorer(), options).Score(_requests, _responses));
        string[] lines = File.ReadAllLines(_responses);
        StringAssert.Contains(JsonDocument.Parse(lines[1]).RootElement.GetProperty("error").GetString(), "not UTF-8");
        Assert.AreEqual(lines[0], lines[2]);
    }

    [TestMethod]
    public void AFileThatAppearsDuringTheRunStays()
    {
        Write(("The", " end"));
        FakeScorer scorer = new(Score, 20) { OnScore = () => File.WriteAllText(_responses, "mine") };
        IOException error = Assert.ThrowsExactly<IOException>(() => new LmEvalRequests(scorer, null).Score(_requests, _responses));
        StringAssert.Contains(error.Message, "is not replaced");
        Assert.AreEqual("mine", File.ReadAllText(_responses));
        // The answers are kept.
        File.Delete(_responses);
        Assert.AreEqual(new LmEvalSummary(1, 1, 0, 0), new LmEvalRequests(Scorer(), null).Score(_requests, _responses));
    }

    [TestMethod]
    public void StoppedRun_GoesOn()
    {
        (string, string)[] rows = [.. Enumerable.Range(0, 7).Select(i => ($"c{i}", $" {new string('a', i + 1)}"))];
        Write(rows);
        new LmEvalRequests(Scorer(), null).Score(_requests, _responses);
        string whole = File.ReadAllText(_responses);
        File.Delete(_responses);

        using var stop = new CancellationTokenSource();
        var options = new LmEvalOptions { RequestsPerBatch = 2 };
        FakeScorer stopping = new(Score, 20) { OnScore = stop.Cancel };
        Assert.ThrowsExactly<OperationCanceledException>(
            () => new LmEvalRequests(stopping, options).Score(_requests, _responses, stop.Token));
        Assert.IsFalse(File.Exists(_responses));
        File.AppendAllText(_responses + ".partial", "{\"req");
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(
                () => new LmEvalRequests(Scorer(), new LmEvalOptions { Greedy = false }).Score(_requests, _responses)).Message,
            "greedy was on and is now off");
        FakeScorer rest = Scorer();
        Assert.AreEqual(new LmEvalSummary(7, 2, 0, 0), new LmEvalRequests(rest, options).Score(_requests, _responses));
        Assert.AreEqual(5, rest.Requests.Count);
        Assert.AreEqual(whole, File.ReadAllText(_responses));
    }

    [TestMethod]
    public void ChangedRequests_AreNoticed()
    {
        Write(("a", " b"), ("c", " d"));
        using var stop = new CancellationTokenSource();
        var options = new LmEvalOptions { RequestsPerBatch = 1 };
        FakeScorer stopping = new(Score, 20) { OnScore = stop.Cancel };
        Assert.ThrowsExactly<OperationCanceledException>(
            () => new LmEvalRequests(stopping, options).Score(_requests, _responses, stop.Token));
        Write(("a", " B"), ("c", " d"));
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => new LmEvalRequests(Scorer(), options).Score(_requests, _responses)).Message,
            "the requests have changed");
    }

    [TestMethod]
    [DataRow("{\"context\": \"a\", \"continuation\": \"b\"}\n{\"context\": \"a\"}\n", "line 2: field 'continuation' is missing")]
    [DataRow("", "holds no row")]
    [DataRow("[\"a\", \"b\"]\n", "line 1: expected a JSON object")]
    public void MalformedRequests_AreRefusedWithTheLine(string content, string message)
    {
        File.WriteAllText(_requests, content);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => new LmEvalRequests(Scorer(), null).Score(_requests, _responses)).Message,
            message);
        Assert.IsFalse(File.Exists(_responses));
    }

    private static FakeScorer Scorer() => new(Score, 20) { Greedy = answer => answer == " end" };

    private static (double, double) Score(string context, string answer) => (-answer.Length, 0.25);

    private void Write(params (string Context, string Continuation)[] rows) =>
        File.WriteAllLines(
            _requests, rows.Select(row => JsonSerializer.Serialize(new { context = row.Context, continuation = row.Continuation })));
}
