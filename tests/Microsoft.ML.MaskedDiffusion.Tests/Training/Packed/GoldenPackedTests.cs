using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Training.Packed;

namespace Microsoft.ML.MaskedDiffusion.Tests.Training.Packed;

/// <summary>Files that the Python system wrote, and the order in which it reads their blocks.</summary>
[TestClass]
public sealed class GoldenPackedTests
{
    private static readonly string[] Prefixes = ["train_slim", "train_star"];

    [TestMethod]
    public void BlockOrderIsThePythonSystems()
    {
        string golden = Golden.PathOf("packed");
        JsonElement order = Golden.Json("packed", "order.json");
        int blockLength = order.GetProperty("block_size").GetInt32(), checkedBlocks = 0;
        foreach (JsonElement example in order.GetProperty("examples").EnumerateArray())
        {
            PackedDataset Open(string prefix) => new(Directory.GetFiles(golden, prefix + "*"), example.GetProperty("n_chunks").GetInt32(), blockLength,
                shuffle: example.GetProperty("shuffle").GetBoolean(), rank: example.GetProperty("rank").GetInt32(), world: example.GetProperty("world").GetInt32());
            double[] weights = [.. example.GetProperty("weights").EnumerateArray().Select(w => w.GetDouble())];
            using var combined = new CombinedDataset([.. Prefixes.Select(Open)], weights);
            long[][] expected = [.. example.GetProperty("first3_tokens_of_each_block").EnumerateArray().Select(block => block.EnumerateArray().Select(id => id.GetInt64()).ToArray())];
            var read = new long[3 * expected.Length];
            for (int i = 0; i < expected.Length; i++)
                combined.ReadNext(read.AsSpan(3 * i, 3));
            Comparison.Equal("packed", "block order", [.. expected.SelectMany(block => block)], read);
            checkedBlocks += expected.Length;
        }
        Assert.AreEqual(160, checkedBlocks);
    }

    [TestMethod]
    public void OurFilesOfTheSameIdsHaveTheSameBytes()
    {
        using var folder = new TemporaryFolder();
        int chunkSize = Golden.Json("packed", "order.json").GetProperty("chunk_size").GetInt32();
        foreach (string prefix in Prefixes)
        {
            byte[][] files = [.. Directory.GetFiles(Golden.PathOf("packed"), prefix + "*").Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
            Assert.HasCount(10, files);
            int[] ids = [.. files.SelectMany(file => MemoryMarshal.Cast<byte, ushort>(file.AsSpan(PackedFileHeader.Size)).ToArray()).Select(id => (int)id)];
            // The last file is filled up with separators.
            const int Separator = 1;
            int count = ids.Length;
            while (ids[count - 1] == Separator) count--;
            var writer = new PackedFileWriter(folder.Path, prefix, chunkSize, vocabularySize: 32000, Separator);
            writer.Add(ids.AsSpan(0, count));
            writer.Complete();
            byte[][] ours = [.. Directory.GetFiles(folder.Path, prefix + "*").Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
            Comparison.Equal("packed", "files", [.. files.SelectMany(file => file)], [.. ours.SelectMany(file => file)]);
        }
    }
}
