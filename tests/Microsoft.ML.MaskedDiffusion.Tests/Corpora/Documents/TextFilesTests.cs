using System.Text;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TextFilesTests
{
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    private string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    private string Write(string name, byte[] content)
    {
        string path = _folder.File(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    private static string[] Read(string path, DocumentBoundary boundary = DocumentBoundary.Automatic, int maxBytes = 1 << 20) =>
        [.. new TextFiles(new TextFilesOptions { Path = path, Boundary = boundary, MaxDocumentBytes = maxBytes }).Read()];

    [TestMethod]
    [DataRow(DocumentBoundary.Automatic, new[] { "\none\r two\nthree\n\nfour\n \t\nfüṅf" })]
    [DataRow(DocumentBoundary.File, new[] { "\none\r two\nthree\n\nfour\n \t\nfüṅf" })]
    [DataRow(DocumentBoundary.BlankLine, new[] { "one\r two\nthree", "four", "füṅf" })]
    [DataRow(DocumentBoundary.Line, new[] { "one\r two", "three", "four", "füṅf" })]
    public void TheBoundaryDecidesWhatIsADocument(DocumentBoundary boundary, string[] expected)
    {
        string path = Write("a.txt", "\uFEFF\none\r two\nthree\r\n\nfour\n \t\nfüṅf\n");
        CollectionAssert.AreEqual(expected, Read(path, boundary));
    }

    [TestMethod]
    [DataRow(DocumentBoundary.File)]
    [DataRow(DocumentBoundary.BlankLine)]
    [DataRow(DocumentBoundary.Line)]
    [DataRow(DocumentBoundary.JsonLine)]
    public void AFileWithoutTextHasNoDocument(DocumentBoundary boundary)
    {
        Assert.IsEmpty(Read(Write("a.txt", ""), boundary));
        Assert.IsEmpty(Read(Write("b.txt", " \n\t\r\n\n"), boundary));
    }

    [TestMethod]
    public void LinesLongerThanTheBufferAreWhole()
    {
        string[] lines = [.. Enumerable.Range(0, 7).Select(i => new string((char)('a' + i), 1 << (10 + 2 * i % 9)) + "é")];
        CollectionAssert.AreEqual(lines, Read(Write("a.txt", string.Join('\n', lines)), DocumentBoundary.Line));
        CollectionAssert.AreEqual(
            lines, Read(Write("b.jsonl", string.Concat(lines.Select(line => $"{{\"id\": 1, \"text\": \"{line}\"}}\r\n")))));
    }

    [TestMethod]
    public void FilesAreReadInTheOrderOfTheirNames()
    {
        Write("b.txt", "4");
        Write("a/z.txt", "2");
        Write("a/B/1.jsonl", "{\"text\": \"1\"}");
        Write("a.txt", "0");
        Write("a0.ndjson", "{\"text\": \"3\"}\n{\"text\": \"3b\"}");
        Write("c.md", "no");
        Write(".hidden.txt", "no");
        // Ordinal, '.' < '/' < '0', and capitals before small letters: a.txt, a/B/1.jsonl, a/z.txt, a0.ndjson, b.txt.
        var files = new TextFiles(new TextFilesOptions { Path = _folder.Path });
        CollectionAssert.AreEqual(new[] { "0", "1", "2", "3", "3b", "4" }, files.Read().ToArray());
        var top = new TextFiles(new TextFilesOptions { Path = _folder.Path, Pattern = "?.txt", Recursive = false });
        CollectionAssert.AreEqual(new[] { "0", "4" }, top.Read().ToArray());
    }

    [TestMethod]
    public void FilesAreOpenedOneAfterAnother()
    {
        Write("a.txt", "first");
        string second = Write("b.txt", "second");
        using IEnumerator<string> documents = new TextFiles(new TextFilesOptions { Path = _folder.Path }).Read().GetEnumerator();
        Assert.IsTrue(documents.MoveNext());
        File.WriteAllText(second, "changed");
        Assert.IsTrue(documents.MoveNext());
        Assert.AreEqual("changed", documents.Current);
    }

    [TestMethod]
    public void BadLinesAreNamed()
    {
        void Refused(string name, byte[] content, DocumentBoundary boundary, params string[] parts)
        {
            string path = Write(name, content);
            string message = Assert.ThrowsExactly<InvalidDataException>(() => Read(path, boundary, maxBytes: 70_000)).Message;
            foreach (string part in (string[])[path, .. parts])
                StringAssert.Contains(message, part);
        }
        byte[] latin = [.. "one\ntwo\ncaf"u8, 0xE9, .. " au lait\n"u8];
        foreach (DocumentBoundary boundary in new[] { DocumentBoundary.File, DocumentBoundary.BlankLine, DocumentBoundary.Line })
            Refused("latin.txt", latin, boundary, "line 3", "UTF-8");
        Refused("latin.txt", latin[8..], DocumentBoundary.JsonLine, "line 1", "UTF-8");
        Refused("a.jsonl", [.. "{\"text\": \"a\"}\n\n{\"text\": \"b\"\n"u8], DocumentBoundary.JsonLine, "line 3", "not JSON");
        Refused("b.jsonl", [.. "{\"text\": \"a\"}\n{\"txt\": \"b\"}"u8], DocumentBoundary.JsonLine, "line 2", "field 'text' is missing",
            "txt");
        Refused("c.jsonl", [.. "{\"text\": 5}"u8], DocumentBoundary.JsonLine, "line 1", "should be text");
        Refused("d.jsonl", [.. "[\"text\"]"u8], DocumentBoundary.JsonLine, "line 1", "JSON object");
        Refused("e.jsonl", [.. "{\"text\": \"\\ud800\"}"u8], DocumentBoundary.JsonLine, "line 1");
        byte[] longLine = [.. "short\n"u8, .. Enumerable.Repeat((byte)'x', 70_001)],
            longFile = [.. Enumerable.Range(0, 70_001).Select(i => i % 10 == 9 ? (byte)'\n' : (byte)'x')];
        Refused("f.txt", longLine, DocumentBoundary.Line, "line 2", "70000 bytes", "MaxDocumentBytes");
        Refused("g.txt", longFile, DocumentBoundary.File, "line 7001", "70000 bytes", "MaxDocumentBytes", "BlankLine or Line");
        Assert.HasCount(1, Read(Write("h.txt", longFile[..70_000]), DocumentBoundary.File, maxBytes: 70_000));
        Assert.HasCount(2, Read(Write("i.txt", [.. longLine[..^1], .. "\r\n"u8]), DocumentBoundary.Line, maxBytes: 70_000));
    }

    [TestMethod]
    public void WhatIsNotThereIsNamed()
    {
        string missing = _folder.File("none");
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => Read(missing)).Message, missing);
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => Read(_folder.Path)).Message, "*.jsonl");
        Write("a/b.txt", "text");
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(
            () => new TextFiles(new TextFilesOptions { Path = _folder.Path, Recursive = false })).Message, "set Recursive");
    }

    [TestMethod]
    [DataRow("inner")]
    [DataRow("")]
    public void AFolderThatMayNotBeReadIsNamed(string locked)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Windows has no Unix permissions.");
            return;
        }
        Write("a.txt", "read");
        Write("inner/b.txt", "not read");
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        string folder = Path.Combine(_folder.Path, locked);
        File.SetUnixFileMode(_folder.Path, Owner | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        File.SetUnixFileMode(folder, UnixFileMode.None);
        try
        {
            string message = OrdinaryUser.Run(() => Assert.ThrowsExactly<IOException>(() => Read(_folder.Path)).Message);
            StringAssert.Contains(message, $"'{folder.TrimEnd('/')}'");
            StringAssert.Contains(message, "Recursive");
        }
        finally
        {
            File.SetUnixFileMode(folder, Owner);
            File.SetUnixFileMode(_folder.Path, Owner);
        }
    }

    [TestMethod]
    public void TheDescriptionFollowsNamesLengthsAndBoundaries()
    {
        Write("a.txt", "one");
        string Describe(DocumentBoundary boundary = DocumentBoundary.File) =>
            new TextFiles(new TextFilesOptions { Path = _folder.Path, Boundary = boundary }).Describe();
        var seen = new HashSet<string> { Describe(), Describe(DocumentBoundary.Line) };
        Assert.HasCount(2, seen);
        Write("a.txt", "three");
        Assert.IsTrue(seen.Add(Describe()));
        Write("b.txt", "");
        Assert.IsTrue(seen.Add(Describe()));
        Assert.IsFalse(seen.Add(Describe()));
    }

    [TestMethod]
    public void TheDescriptionFollowsTheFileThatALinkLeadsTo()
    {
        if (OperatingSystem.IsWindows())
            Assert.Inconclusive("On Windows a link takes an administrator, or the mode for developers.");
        using var elsewhere = new TemporaryFolder();
        File.WriteAllText(elsewhere.File("text"), "one");
        File.CreateSymbolicLink(_folder.File("a.txt"), elsewhere.File("text"));
        string Describe() => new TextFiles(new TextFilesOptions { Path = _folder.Path }).Describe();
        string before = Describe();
        StringAssert.Contains(before, " of 3 bytes");
        File.WriteAllText(elsewhere.File("text"), "three");
        Assert.AreNotEqual(before, Describe());
    }
}
