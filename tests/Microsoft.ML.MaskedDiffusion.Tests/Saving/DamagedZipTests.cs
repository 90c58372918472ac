using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A zip of a pipeline, cut off at several places and with bits turned over in each entry: refused by name, or what it was.
/// </summary>
[TestClass]
public sealed class DamagedZipTests
{
    private static readonly List<TextRow> Texts = TextRow.Make("the cat sat", "a small bird");

    private readonly MLContext _ml = new(1);

    [TestMethod]
    public void AZipThatIsCutOffIsRefusedByName()
    {
        using var folder = new TemporaryFolder();
        byte[] whole = Save(folder);
        string path = folder.File("cut.zip");
        foreach (int length in new[] { 0, 1, 21, 22, 1000, whole.Length / 4, whole.Length / 2, whole.Length - 1000, whole.Length - 100,
            whole.Length - 22, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]);
            string message = Assert.ThrowsExactly<InvalidDataException>(() =>
                _ml.MaskedDiffusion().LoadModel(path, out _), $"{length} of {whole.Length} bytes").Message;
            StringAssert.Contains(message, path);
            StringAssert.Contains(message, "intact copy");
        }
        File.WriteAllText(path, "This is no zip at all.");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => _ml.MaskedDiffusion().LoadModel(path, out _)).Message, path);
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() =>
            _ml.MaskedDiffusion().LoadModel(folder.File("none.zip"), out _)).Message, folder.File("none.zip"));
    }

    [TestMethod]
    public void ABitTurnedOverInAnyEntryIsRefusedOrChangesNothing()
    {
        using var folder = new TemporaryFolder();
        byte[] whole = Save(folder);
        string path = folder.File("altered.zip");
        float[] expected = Scores(folder.File("lm.zip"));
        var random = new CounterRandom(5, 1, RandomPurpose.Example);
        int refused = 0;
        (string Name, int Start, int Length)[] entries = EntriesOf(whole);
        Assert.IsGreaterThan(5, entries.Length);
        foreach ((string name, int start, int length) in entries)
        {
            for (int i = 0; i < 4; i++)
            {
                byte[] altered = [.. whole];
                int at = start + random.NextInt32(length);
                altered[at] ^= (byte)(1 << random.NextInt32(8));
                File.WriteAllBytes(path, altered);
                try
                {
                    CollectionAssert.AreEqual(expected, Scores(path), $"{name}, byte {at}");
                }
                catch (InvalidDataException error)
                {
                    StringAssert.Contains(error.Message, path);
                    refused++;
                }
            }
        }
        // Each entry has a checksum or a SHA-256: next to all is seen.
        Assert.IsGreaterThan(entries.Length * 3, refused);
    }

    [TestMethod]
    public void AnEntryOfAnotherModelIsRefused()
    {
        using var folder = new TemporaryFolder();
        byte[] one = Save(folder), two = Save(folder, seed: 77);
        Dictionary<string, byte[]> other = Contents(two);
        // Whole zips with right checksums, of parts that do not belong together.
        int mixed = 0;
        foreach ((string name, byte[] content) in Contents(one))
        {
            if (content.AsSpan().SequenceEqual(other[name]))
                continue;
            mixed++;
            var parts = new Dictionary<string, byte[]>(other) { [name] = content };
            string path = folder.File("mixed.zip");
            Write(path, parts);
            // All that differs is the model's own data: either it is the first model wholly, or refused.
            CollectionAssert.AreEqual(Scores(folder.File("lm.zip")), Scores(path));
            // Cut short behind a right checksum.
            parts[name] = content[..(content.Length / 2)];
            Write(path, parts);
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Scores(path)).Message, path);
        }
        Assert.AreEqual(1, mixed, "one entry holds the model");
    }

    [TestMethod]
    public void WeightsBesideTheZipAreHeldAgainstTheirHash()
    {
        using var folder = new TemporaryFolder();
        Save(folder, limit: 0);
        string path = folder.File("lm.zip"), weights = Directory.GetFiles(folder.Path, "*.mdm").Single();
        float[] expected = Scores(path);
        byte[] whole = File.ReadAllBytes(weights);
        var random = new CounterRandom(6, 1, RandomPurpose.Example);
        for (int i = 0; i < 12; i++)
        {
            byte[] altered = [.. whole];
            altered[random.NextInt32(whole.Length)] ^= (byte)(1 << random.NextInt32(8));
            foreach (byte[] content in new[] { altered, whole[..random.NextInt32(whole.Length)], [.. whole, 0] })
            {
                File.WriteAllBytes(weights, content);
                string message = Assert.ThrowsExactly<InvalidDataException>(() => Scores(path)).Message;
                StringAssert.Contains(message, weights);
                StringAssert.Contains(message, "intact copy");
                // Through ML.NET's own loading too, at the latest with the first row.
                using var location = new CarrierLocation(path);
                Unwrapped.Throws<InvalidDataException>(() =>
                    LikelihoodRow.Read(_ml, new MLContext().Model.Load(path, out _).Transform(View())));
            }
        }
        File.Delete(weights);
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => Scores(path)).Message, Path.GetFileName(weights));
        File.WriteAllBytes(weights, whole);
        CollectionAssert.AreEqual(expected, Scores(path));
    }

    private IDataView View() => _ml.Data.LoadFromEnumerable(Texts);

    private byte[] Save(TemporaryFolder folder, ulong seed = 3, long limit = 64 << 20)
    {
        using MaskedDiffusionModel model = TinyModel.Create(seed);
        var options = new LikelihoodScoringOptions { Likelihood = new LikelihoodOptions { Samples = 4 } };
        string path = folder.File(seed == 3 ? "lm.zip" : "other.zip");
        _ml.MaskedDiffusion().SaveModel(_ml.MaskedDiffusion().ScoreLikelihood(model, options).Fit(View()), View().Schema, path, limit);
        return File.ReadAllBytes(path);
    }

    private float[] Scores(string path)
    {
        ITransformer loaded = new MLContext(1).MaskedDiffusion().LoadModel(path, out DataViewSchema schema);
        using (loaded as IDisposable)
        {
            CollectionAssert.AreEqual(new[] { "Number", "Text" }, schema.Select(column => column.Name).ToArray());
            return [.. LikelihoodRow.Read(_ml, loaded.Transform(View()))
                .SelectMany(row => new[] { row.NegativeLogLikelihood, row.NegativeLogLikelihoodStandardError, row.TokenCount })];
        }
    }

    private static Dictionary<string, byte[]> Contents(byte[] zip)
    {
        using var archive = new ZipArchive(new MemoryStream(zip));
        return archive.Entries.ToDictionary(entry => entry.FullName, entry =>
        {
            using Stream content = entry.Open();
            using var copy = new MemoryStream();
            content.CopyTo(copy);
            return copy.ToArray();
        });
    }

    private static void Write(string path, Dictionary<string, byte[]> entries)
    {
        using var archive = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        foreach ((string name, byte[] content) in entries)
        {
            using Stream entry = archive.CreateEntry(name).Open();
            entry.Write(content);
        }
    }

    // Where each entry's data stand, by the zip's own directory at its end.
    private static (string Name, int Start, int Length)[] EntriesOf(byte[] zip)
    {
        var entries = new List<(string, int, int)>();
        int directory = (int)BinaryPrimitives.ReadUInt32LittleEndian(zip.AsSpan(zip.Length - 6));
        while (BinaryPrimitives.ReadUInt32LittleEndian(zip.AsSpan(directory)) == 0x02014B50)
        {
            ReadOnlySpan<byte> header = zip.AsSpan(directory);
            int length = BinaryPrimitives.ReadInt32LittleEndian(header[20..]), local = BinaryPrimitives.ReadInt32LittleEndian(header[42..]);
            ushort name = BinaryPrimitives.ReadUInt16LittleEndian(header[28..]),
                extra = BinaryPrimitives.ReadUInt16LittleEndian(header[30..]),
                comment = BinaryPrimitives.ReadUInt16LittleEndian(header[32..]);
            int start = local + 30 + BinaryPrimitives.ReadUInt16LittleEndian(zip.AsSpan(local + 26))
                + BinaryPrimitives.ReadUInt16LittleEndian(zip.AsSpan(local + 28));
            if (length > 0)
                entries.Add((System.Text.Encoding.UTF8.GetString(header.Slice(46, name)), start, length));
            directory += 46 + name + extra + comment;
        }
        return [.. entries];
    }
}
