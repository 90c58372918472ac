using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Mdm;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>How the tool reads texts and tables, and what it refuses.</summary>
[TestClass]
public sealed class CommandLineInputTests
{
    private static readonly ToolFiles Files = new();
    private readonly TemporaryFolder _folder = new();

    private string[] Target => ["--out", _folder.File("x.mdm")];

    [ClassCleanup]
    public static void Delete() => Files.Dispose();

    [TestCleanup]
    public void Clean() => _folder.Dispose();

    [TestMethod]
    public void CellsWithQuotesAndLineBreaksAreMeasuredWhole()
    {
        string text = "the \"old\" cat\nsat on,\tthe mat";
        string cell = $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        File.WriteAllText(_folder.File("t.csv"), $"\uFEFFid,text\r\n1,{cell}\r\n");
        File.WriteAllText(_folder.File("t.tsv"), $"id\ttext\n1\t{cell}\n");
        File.WriteAllText(_folder.File("semicolons.csv"), $"id;text\n1;{cell}\n");
        foreach (string[] arguments in new string[][] { ["t.csv"], ["t.tsv"], ["semicolons.csv", "--separator", ";"] })
        {
            string[] options = ["--model", Files.Model, "--samples", "4", "--json", .. arguments[1..]];
            JsonElement row = ToolRun.Done(["perplexity", _folder.File(arguments[0]), .. options]).Objects.Single();
            Assert.AreEqual(1, row.GetProperty("documents").GetInt32());
            Assert.AreEqual(Encoding.UTF8.GetByteCount(text), row.GetProperty("bytes").GetInt32(), arguments[0]);
        }
    }

    [TestMethod]
    [DataRow("text,b\n1,2\n3\n", "line 3: the row has 1 cells")]
    [DataRow("text,b\n1,2\n\"3,4\n5,6\n", "line 3: a quotation mark that begins here is not closed")]
    [DataRow("text,b\n1,2\n3,\u00E9\n", "line 3: cell 2 has bytes that are not UTF-8")]
    public void BadTablesAreRefusedWithFileAndLine(string content, string message)
    {
        string path = _folder.File("bad.csv");
        File.WriteAllText(path, content, Encoding.Latin1);
        string[] fields = ["--prompt-field", "text", "--answer-field", "b"];
        foreach (string[] command in new string[][]
        {
            ["train", path, .. Target, .. ToolFiles.Small], ["search", path, .. Target], ["perplexity", path, "--model", Files.Model],
            ["finetune", path, .. fields, "--model", Files.Model, .. Target],
        })
        {
            Refused(ExitCode.Failed, $"{path}, {message}", command);
        }
    }

    [TestMethod]
    public void AnotherSeparatorIsNamed()
    {
        string path = _folder.File("semicolons.csv");
        File.WriteAllText(path, "id;prompt;answer\n1;a;b\n");
        string hint = "its header has id;prompt;answer. Its cells seem to be parted by ';': set --separator ';'.";
        Refused(ExitCode.WrongUsage, $"no column 'text'; {hint}", "perplexity", path, "--model", Files.Model);
        Refused(ExitCode.WrongUsage, $"no column 'prompt'; {hint}", ["finetune", path, "--model", Files.Model, .. Target]);
        Refused(ExitCode.WrongUsage, "Separator", "perplexity", path, "--model", Files.Model, "--separator", "x");
        string[] options = ["--model", Files.Model, "--max-steps", "1", "--validation-share", "0"];
        ToolRun.Done(["finetune", path, "--separator", ";", .. options, .. Target]);
    }

    [TestMethod]
    [DataRow("score")]
    [DataRow("infill")]
    [DataRow("generate")]
    [DataRow("choose")]
    public void BytesThatAreNotUtf8AreRefusedWithTheirLine(string command)
    {
        byte[] latin = Encoding.Latin1.GetBytes("{\"context\":\"a\",\"choices\":[\"b\",\"c\"]}\ncaf\u00E9\n");
        string path = _folder.File(command == "choose" ? "in.jsonl" : "in.txt");
        File.WriteAllBytes(path, latin);
        Refused(ExitCode.Failed, $"{path}, line 2: the bytes are not UTF-8", command, "--model", Files.Model, "--file", path);
        ToolRun piped = ToolRun.Of([command, "--model", Files.Model], latin);
        Assert.AreEqual(ExitCode.Failed, piped.ExitCode);
        StringAssert.Contains(piped.Error, "the standard input, line 2: the bytes are not UTF-8");
        File.WriteAllText(_folder.File("run.json"), "{\"Model\":\"caf\u00E9\"}", Encoding.Latin1);
        Refused(ExitCode.WrongUsage, "run.json has bytes that are not UTF-8", command, "x", "--config", _folder.File("run.json"));
    }

    [TestMethod]
    [DataRow("score")]
    [DataRow("infill")]
    [DataRow("generate")]
    [DataRow("choose")]
    public void AnEscapeThatIsNoCharacterIsRefusedWithItsLine(string command)
    {
        string path = _folder.File("in.jsonl");
        string[] rows =
        [
            "{\"text\":\"a\",\"prompt\":\"a\",\"context\":\"a\",\"choices\":[\"b\",\"c\"]}",
            "{\"text\":\"\\ud83d\",\"prompt\":\"\\ud83d\",\"context\":\"\\ud83d\",\"choices\":[\"b\",\"c\"]}",
        ];
        File.WriteAllLines(path, rows);
        Refused(ExitCode.Failed, $"{path}, line 2", command, "--model", Files.Model, "--file", path);
    }

    [TestMethod]
    public void AByteOrderMarkIsNoText()
    {
        string plain = ToolRun.Done("infill", "--model", Files.Model, "the cat").Output;
        byte[] marked = [0xEF, 0xBB, 0xBF, .. "the cat\r\n"u8];
        File.WriteAllBytes(_folder.File("in.txt"), marked);
        Assert.AreEqual(plain, ToolRun.Of(["infill", "--model", Files.Model], marked).Output);
        Assert.AreEqual(plain, ToolRun.Done("infill", "--model", Files.Model, "--file", _folder.File("in.txt")).Output);
    }

    [TestMethod]
    public void JsonObjectsAmongPlainLinesAreTextsAndTheToolSaysSo()
    {
        byte[] line = "{\"text\":\"the cat\"}\n"u8.ToArray();
        ToolRun piped = ToolRun.Of(["infill", "--model", Files.Model], line);
        Assert.AreEqual(ExitCode.Done, piped.ExitCode, piped.Error);
        Assert.AreEqual("{\"text\":\"the cat\"}", piped.Lines.Single());
        StringAssert.Contains(piped.Error, "The first line of the standard input is a JSON object, and is taken for plain text");
        File.WriteAllBytes(_folder.File("IN.JSONL"), line);
        ToolRun file = ToolRun.Done("infill", "--model", Files.Model, "--file", _folder.File("IN.JSONL"));
        Assert.AreEqual(("the cat", ""), (file.Lines.Single(), file.Error));
    }

    [TestMethod]
    public void ABlankLineIsAnEmptyText()
    {
        byte[] input = "the cat\n\nsat\n\n"u8.ToArray();
        ToolRun filled = ToolRun.Of(["infill", "--model", Files.Model], input);
        Assert.AreEqual("the cat\n\nsat\n\n", filled.Output.ReplaceLineEndings("\n"), filled.Error);
        foreach ((string command, string field) in new[] { ("score", "text"), ("generate", "prompt"), ("infill", "text") })
        {
            string[] length = command == "generate" ? ["--length", "2"] : [];
            ToolRun run = ToolRun.Of([command, "--model", Files.Model, "--json", .. length], input);
            Assert.AreEqual(ExitCode.Done, run.ExitCode, run.Error);
            CollectionAssert.AreEqual(
                new[] { "the cat", "", "sat", "" }, run.Objects.Select(row => row.GetProperty(field).GetString()).ToArray(), command);
        }
        Assert.HasCount(5, ToolRun.Of(["score", "--model", Files.Model], input).Lines);
        File.WriteAllText(_folder.File("in.jsonl"), "{\"text\":\"a\"}\n \n\n{\"text\":\"b\"}\n");
        Assert.HasCount(2, ToolRun.Done("score", "--model", Files.Model, "--file", _folder.File("in.jsonl"), "--json").Objects);
        StringAssert.Contains(ToolRun.Of(["score", "--model", Files.Model], []).Error, "There is no text in the standard input.");
    }

    [TestMethod]
    public void JsonLinesBesideATextAreHeldOutAsJsonLines()
    {
        string path = _folder.File("held.jsonl");
        File.WriteAllLines(path, Enumerable.Range(0, 4).Select(i => $$"""{"body": "the cat {{i}}"}""" + "\n"));
        string[] arguments = ["train", Files.Text, "--validation", path, .. Target, .. ToolFiles.Small];
        ToolRun refused = ToolRun.Of(arguments);
        Assert.AreEqual(ExitCode.Failed, refused.ExitCode, refused.Error);
        StringAssert.Contains(refused.Error, "'text'");
        ToolRun.Done([.. arguments, "--column", "body"]);
    }

    [TestMethod]
    [DataRow("empty.txt", "")]
    [DataRow("blank.txt", "\uFEFF\n \n\n")]
    [DataRow("header.csv", "text,prompt,answer\n")]
    [DataRow("empty.jsonl", "")]
    public void AFileWithoutTextIsSaidToHaveNone(string name, string content)
    {
        string path = _folder.File(name);
        File.WriteAllText(path, content);
        string message = $"There is no text in {path}.";
        Refused(ExitCode.Failed, message, ["train", path, .. Target, .. ToolFiles.Small]);
        Refused(ExitCode.Failed, message, ["train", Files.Text, "--validation", path, .. Target, .. ToolFiles.Small]);
        Refused(ExitCode.Failed, message, ["search", path, .. Target]);
        Refused(ExitCode.Failed, message, "perplexity", Files.Text, path, "--model", Files.Model);
        if (!name.EndsWith(".txt", StringComparison.Ordinal))
            Refused(ExitCode.Failed, message, ["finetune", path, "--model", Files.Model, .. Target]);
    }

    [TestMethod]
    public void FilesOfOtherKindsAreNamedByTheirKind()
    {
        using var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionMode.Compress))
            zip.Write("the cat"u8);
        byte[] utf16 = [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("{}\n")];
        byte[] bigEndian = [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes("text\na")];
        foreach ((string name, byte[] bytes, string message) in new (string, byte[], string)[]
        {
            ("in.parquet", [.. "PAR1"u8, 0x15, 0x04, .. "PAR1"u8], "is a Parquet file: 'mdm batch' alone reads these. What is read "),
            ("in.txt", packed.ToArray(), "is compressed with gzip: unpack it first."),
            ("in.jsonl", utf16, "is UTF-16 text: convert it to UTF-8 first."),
            ("in.csv", bigEndian, "is UTF-16 text: convert it to UTF-8 first. What is read here are "),
        })
        {
            string path = _folder.File(name);
            File.WriteAllBytes(path, bytes);
            foreach (string[] command in new string[][]
            {
                ["train", path, .. Target], ["search", path, .. Target], ["perplexity", path, "--model", Files.Model],
                ["finetune", path, "--model", Files.Model, .. Target], ["score", "--file", path, "--model", Files.Model],
                ["choose", "--file", path, "--model", Files.Model],
            })
            {
                Refused(ExitCode.WrongUsage, $"{path} {message}", command);
            }
        }
    }

    [TestMethod]
    public void AFolderIsNoFile()
    {
        string message = $"{_folder.Path} is a folder; name a file.";
        foreach (string command in new[] { "score", "choose", "infill", "generate" })
            Refused(ExitCode.WrongUsage, message, command, "--file", _folder.Path, "--model", Files.Model);
        Refused(ExitCode.WrongUsage, message, ["finetune", _folder.Path, "--model", Files.Model, .. Target]);
        Refused(ExitCode.Failed, "It is a folder; where a file is wanted, name one.", "train", "--config", _folder.Path);
        Refused(ExitCode.Failed, "There is no file ", "score", "--file", _folder.File("none.txt"), "--model", Files.Model);
        // A folder may have any name.
        Directory.CreateDirectory(_folder.File("texts.csv"));
        File.WriteAllText(Path.Combine(_folder.File("texts.csv"), "a.txt"), "the cat sat");
        ToolRun.Done("perplexity", _folder.File("texts.csv"), "--model", Files.Model, "--samples", "4");
    }

    [TestMethod]
    public void ATableIsNoFileOfLines()
    {
        foreach (string name in new[] { "rows.csv", "rows.TSV" })
        {
            File.WriteAllText(_folder.File(name), "Text\nthe cat\n");
            foreach (string command in new[] { "score", "choose", "infill", "generate" })
                Refused(ExitCode.WrongUsage, "take mdm batch for it", command, "--file", _folder.File(name), "--model", Files.Model);
        }
    }

    [TestMethod]
    public void PerplexityTakesTheDocumentsThatTrainingTakes()
    {
        string held = _folder.File("held.TXT"), second = _folder.File("second.txt"), rows = _folder.File("rows.jsonl");
        File.WriteAllText(held, "the cat\n\nsat on\n\nthe mat\n");
        File.WriteAllText(second, "one\n\ntwo\n");
        File.WriteAllText(rows, "{\"text\":\"one two\"}\n");
        Assert.AreEqual(3, Documents(held));
        Assert.AreEqual(1, Documents(held, "--documents", "File"));
        Assert.AreEqual(5, Documents(held, second));
        Assert.AreEqual(1, Documents(rows));
        // With JSON lines among the files each kind is cut as the library cuts it.
        Assert.AreEqual(2, Documents(held, rows));

        int Documents(params string[] arguments)
        {
            ToolRun run = ToolRun.Done(["perplexity", .. arguments, "--model", Files.Model, "--samples", "4", "--json"]);
            return run.Objects[^1].GetProperty("documents").GetInt32();
        }
    }

    [TestMethod]
    [DataRow("a.json", "{\"text\": \"the cat\"}\n{\"text\": \"a bird\"}\n", true)]
    [DataRow("a.txt", "\uFEFF\r\n {\"text\": \"the cat\"}\r\nthe cat\r\n", true)]
    [DataRow("a.json", "[{\"text\": \"the cat\"}, {\"text\": \"a bird\"}]", true)]
    [DataRow("a.json", "[\n  {\n    \"text\": \"the cat\"\n  }\n]\n", true)]
    [DataRow("a.json", "{\n  \"text\": \"the cat\"\n}\n", true)]
    [DataRow("a.json", "[\"the cat\", \"a bird\"]\n", true)]
    [DataRow("a.txt", "{the cat} sat\n", false)]
    [DataRow("a.txt", "{\nthe cat\n}\n", false)]
    [DataRow("a.txt", "{\"the cat\" sat\n", false)]
    [DataRow("a.txt", "[1]\n\nthe cat\n", false)]
    [DataRow("a.txt", "[Verse] the cat\n", false)]
    [DataRow("a.txt", "[\"the cat\", she said]\n", false)]
    [DataRow("a.txt", "\"the cat\"\n{\"text\": \"the cat\"}\n", false)]
    public void JsonThatIsTakenForPlainTextIsSaidOnce(string name, string content, bool isJson)
    {
        string path = _folder.File(name);
        File.WriteAllText(path, content);
        string[] arguments = ["perplexity", path, "--model", Files.Model, "--samples", "3", "--max-documents", "1"];
        string[] remarks = [.. ToolRun.Done(arguments).Error.Split('\n').Where(line => line.Contains("JSON", StringComparison.Ordinal))];
        Assert.HasCount(isJson ? 1 : 0, remarks);
        if (!isJson)
            return;
        string expected = $"{path} holds JSON, and is taken for plain text, with its braces and the names of its fields; a field of each "
            + "line is taken where a file's name ends in .jsonl, or with --documents JsonLine.";
        Assert.AreEqual(expected, remarks[0].TrimEnd());
    }

    [TestMethod]
    public void JsonWhoseFirstLineIsLongIsKnownByItsBeginning()
    {
        string path = _folder.File("long.json"), text = string.Concat(Enumerable.Repeat("the cat sat on the mat ", 4000));
        File.WriteAllText(path, $"{{\"text\": \"{text}\"}}\n");
        string[] arguments = ["train", path, "--validation-share", "0", .. Target, .. ToolFiles.Small];
        StringAssert.Contains(ToolRun.Done(arguments).Error, $"{path} holds JSON, and is taken for plain text");
    }

    [TestMethod]
    public void JsonLinesInAFolderThatAreTakenForPlainTextAreSaid()
    {
        string held = _folder.File("held"), rows = Path.Combine(held, "b.jsonl");
        Directory.CreateDirectory(held);
        File.WriteAllText(Path.Combine(held, "a.txt"), "the cat sat on the mat\n\na small bird sang\n");
        File.WriteAllLines(rows, Enumerable.Range(0, 4).Select(i => $"{{\"text\": \"the cat {i}\"}}"));
        string remark = $"Files such as {rows} hold JSON, and are taken for plain text, with their braces and the names of their fields; "
            + "--documents Automatic takes a field of each line.";
        string[] measured = ["perplexity", held, "--model", Files.Model, "--samples", "3"];
        StringAssert.Contains(ToolRun.Done([.. measured, "--documents", "Line"]).Error, remark);
        string[] learned = ["train", Files.Text, "--validation", held, .. Target, .. ToolFiles.Small];
        StringAssert.Contains(ToolRun.Done(learned).Error, remark);
        Assert.DoesNotContain("JSON", ToolRun.Done(measured).Error);
        Assert.DoesNotContain("JSON", ToolRun.Done(["perplexity", rows, .. measured[2..], "--documents", "JsonLine"]).Error);
    }

    private static void Refused(int exitCode, string message, params string[] arguments)
    {
        ToolRun run = ToolRun.Of(arguments);
        StringAssert.Contains(run.Error, message, arguments[0]);
        Assert.AreEqual(exitCode, run.ExitCode, run.Error);
    }
}
