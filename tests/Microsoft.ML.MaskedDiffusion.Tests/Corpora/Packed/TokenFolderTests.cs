using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TokenFolderTests
{
    private static readonly TextTokenizer Tokenizer = TokenizerSource.TrainBytePairEncoding(258)
        .Resolve(() => Corpora.Documents(2, 50), null, CancellationToken.None);

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    private static SortedDictionary<string, string> Source(string data = "one") => new() { ["Training data"] = data };

    private static TokenManifest Write(TokenFolder folder, int first = 7, Action? midway = null) => folder.Replace(Tokenizer, place =>
    {
        using var writer = new PackedFileWriter(place, "train", 4, Tokenizer.VocabularySize, 0);
        writer.Append([first, 2, 3, 4, 5]);
        midway?.Invoke();
        return new TokenManifest
        {
            Source = Source(),
            TokenizerHash = Tokenizer.ContentHash,
            Splits = new() { ["train"] = new TokenSplit(5, 1, 0, writer.Complete()) },
        };
    });

    private static long First(TokenFolder folder)
    {
        (TokenManifest manifest, TextTokenizer tokenizer) = folder.Find(Source())!.Value;
        using PackedTokens tokens = folder.Open(manifest, "train", tokenizer);
        var ids = new long[5];
        tokens.CopyTo(0, ids);
        CollectionAssert.AreEqual(new long[] { 2, 3, 4, 5 }, ids[1..]);
        return ids[0];
    }

    [TestMethod]
    public void WhatWasWrittenIsFoundUntilItIsReplaced()
    {
        using (var folder = new TokenFolder(_folder.Path))
        {
            Assert.IsNull(folder.Find(Source()));
            Write(folder);
        }
        using (var folder = new TokenFolder(_folder.Path))
        {
            Assert.AreEqual(7, First(folder));
            Write(folder, first: 9);
            Assert.AreEqual(9, First(folder));
            // A failed writing changes nothing.
            Assert.ThrowsExactly<IOException>(() => Write(folder, first: 11, () => throw new IOException("disk full")));
            Assert.AreEqual(9, First(folder));
        }
        CollectionAssert.AreEquivalent(
            new[] { ".lock", "packed" }, Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    public void SomebodysFilesAmongTheTokensAreNotReplaced()
    {
        using var folder = new TokenFolder(_folder.Path);
        Write(folder);
        string notes = Path.Combine(folder.Packed, "notes.txt");
        File.WriteAllText(notes, "mine");
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => Write(folder, first: 9)).Message, "notes.txt");
        Assert.AreEqual("mine", File.ReadAllText(notes));
        Assert.AreEqual(7, First(folder));
    }

    [TestMethod]
    public void AManifestOfTheFirstBuildsProvesTheFilesOfItsSplits()
    {
        using var folder = new TokenFolder(_folder.Path);
        Write(folder);
        string manifest = Path.Combine(folder.Packed, "tokens.json");
        JsonObject json = JsonNode.Parse(File.ReadAllText(manifest))!.AsObject();
        Assert.IsTrue(json.Remove("files"));
        void Forget() => File.WriteAllText(manifest, json.ToJsonString());
        Forget();
        Write(folder, first: 9);
        Assert.AreEqual(9, First(folder));
        Forget();
        string mine = Path.Combine(folder.Packed, "train_slim_0000000000.bin");
        File.WriteAllText(mine, "mine");
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => Write(folder, first: 11)).Message, "train_slim_0000000000.bin");
        Assert.AreEqual("mine", File.ReadAllText(mine));
    }

    [TestMethod]
    public void TokensOfAnotherSourceAreRefused()
    {
        using var folder = new TokenFolder(_folder.Path);
        Write(folder);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(
            () => folder.Find(Source("two"))).Message, "Training data: one in the token folder, two now");
    }

    [TestMethod]
    public void DamagedOnesAreRecognized()
    {
        using var folder = new TokenFolder(_folder.Path);
        Write(folder);
        string[] files = [.. Directory.GetFiles(folder.Packed).Select(path => Path.GetFileName(path)!)];
        CollectionAssert.IsSubsetOf(
            new[] { "train_0000000000.bin", "train_0000000001.bin", "tokens.json", "vocab.json", "merges.txt" }, files);
        foreach (string name in files)
        {
            string path = Path.Combine(folder.Packed, name);
            byte[] whole = File.ReadAllBytes(path);
            File.Delete(path);
            Assert.ThrowsExactly<InvalidDataException>(() => folder.Find(Source()), $"{name} missing");
            File.WriteAllBytes(path, whole[..^1]);
            Assert.ThrowsExactly<InvalidDataException>(() => folder.Find(Source()), $"{name} cut off");
            File.WriteAllBytes(path, whole);
            Assert.AreEqual(7, First(folder));
        }
    }

    [TestMethod]
    public void TwoTrainingsCannotShareOne()
    {
        using var folder = new TokenFolder(_folder.Path);
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => new TokenFolder(_folder.Path)).Message, "another training");
    }
}
