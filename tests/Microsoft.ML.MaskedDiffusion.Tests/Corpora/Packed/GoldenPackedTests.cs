using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;

namespace Microsoft.ML.MaskedDiffusion.Tests;

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
            // There is one order for all processes of a training here, and it is shuffled.
            if (example.GetProperty("world").GetInt32() > 1 || !example.GetProperty("shuffle").GetBoolean())
                continue;
            int filesAtOnce = example.GetProperty("n_chunks").GetInt32();
            double[] weights = [.. example.GetProperty("weights").EnumerateArray().Select(w => w.GetDouble())];
            long[][] expected = [.. example.GetProperty("first3_tokens_of_each_block").EnumerateArray()
                .Select(block => block.EnumerateArray().Select(id => id.GetInt64()).ToArray())];
            var options = new PackedCorpusOptions
            {
                Sources = [.. Prefixes.Select((prefix, i) => new PackedSource(golden, prefix, weights[i]))],
                Order = PackedOrder.Published,
                FilesAtOnce = filesAtOnce,
            };
            using var blocks = new PackedCorpusBlocks(options, blockLength, rowLength: blockLength - 1, vocabularySize: 32000);
            long[] Read(IBlockOrder by)
            {
                var read = new long[3 * expected.Length];
                var row = new long[blocks.Length];
                for (int i = 0; i < expected.Length; i++)
                {
                    blocks.Read(by[i], row);
                    row.AsSpan(0, 3).CopyTo(read.AsSpan(3 * i));
                }
                return read;
            }
            const int Files = 10;
            int perFile = blocks.Count / (2 * Files);
            PublishedOrder Set() => new(Files, perFile, filesAtOnce, 3407);
            Comparison.Equal("packed", "block order", [.. expected.SelectMany(block => block)],
                Read(new WeightedOrder([(Set(), 0), (Set(), Files * perFile)], weights, 3407)));
            // The same by what a trainer is given; the training's own seed has no say in it.
            Comparison.Equal("packed", "block order", [.. expected.SelectMany(block => block)], Read(blocks.Order(seed: 99)));
            checkedBlocks += expected.Length;
        }
        Assert.AreEqual(80, checkedBlocks);
    }

    [TestMethod]
    public void OurFilesOfTheSameIdsHaveTheSameBytes()
    {
        using var folder = new TemporaryFolder();
        int chunkSize = Golden.Json("packed", "order.json").GetProperty("chunk_size").GetInt32();
        foreach (string prefix in Prefixes)
        {
            byte[][] files = [.. Directory.GetFiles(Golden.PathOf("packed"), prefix + "*").Order(StringComparer.Ordinal)
                .Select(File.ReadAllBytes)];
            Assert.HasCount(10, files);
            int[] ids = [.. files.SelectMany(file => MemoryMarshal.Cast<byte, ushort>(file.AsSpan(PackedFileHeader.Size)).ToArray())
                .Select(id => (int)id)];
            // The last file is filled up with separators.
            const int Separator = 1;
            int count = ids.Length;
            while (ids[count - 1] == Separator)
                count--;
            using var writer = new PackedFileWriter(folder.Path, prefix, chunkSize, vocabularySize: 32000, Separator);
            writer.Append(ids.AsSpan(0, count));
            writer.Complete();
            byte[][] ours = [.. Directory.GetFiles(folder.Path, prefix + "*").Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
            Comparison.Equal("packed", "files", [.. files.SelectMany(file => file)], [.. ours.SelectMany(file => file)]);
        }
    }
}
