using System.Globalization;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Families;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.Win32.SafeHandles;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A file of weights goes straight to its place, and everything goes back to the system on disposal.</summary>
[TestClass]
public sealed class LoadingMemoryTests
{
    // The most that glibc keeps of a thread's heap, and some megabytes in which the garbage collector's settles.
    private const long KeptByMalloc = 72L << 20;

    [TestMethod]
    public void LoadingTakesTheFilesSizeAndDisposalGivesItBack()
    {
        using MaskedDiffusionModel tiny = TinyModel.Create();
        var config = new TransformerConfig
        {
            LayerCount = 8,
            HeadCount = 8,
            EmbeddingSize = 512,
            FeedForwardSize = 2048,
            VocabularySize = tiny.Config.VocabularySize,
            ContextLength = 16,
        };
        using var folder = new TemporaryFolder();
        string path = folder.File("weights.safetensors"), small = folder.File("small.safetensors");
        WriteZeros(path, "F32", 4, TransformerNetwork.ParameterShapes(config));
        WriteZeros(small, "F32", 4, TransformerNetwork.ParameterShapes(config with { LayerCount = 1 }));
        // Code and buffers that are made once.
        MaskedDiffusionModel.FromSafetensors(small, config with { LayerCount = 1 }, tiny.Tokenizer, "cpu").Dispose();
        long size = new FileInfo(path).Length, managed = GC.GetAllocatedBytesForCurrentThread(), before = Settled();

        using var watch = new MemoryWatch();
        MaskedDiffusionModel model = MaskedDiffusionModel.FromSafetensors(path, config, tiny.Tokenizer, "cpu");
        long most = watch.Stop();
        Limit.Below(size / 20, GC.GetAllocatedBytesForCurrentThread() - managed, "bytes of managed memory");
        // 135 MB of weights; 5 % are 6.7 MB. Some of them may take the place of what other tests have freed.
        Limit.Below(size + size / 20, most - before, "bytes of all memory at most");
        Assert.IsGreaterThan(size / 3, most - before, "the measurement sees the weights");

        model.Dispose();
        Limit.Below(KeptByMalloc, Settled() - before, "bytes that disposal left");
    }

    [TestMethod]
    [DataRow(WeightType.BFloat16)]
    [DataRow(WeightType.Int8)]
    public void NarrowWeightsAreHeldOnceWhileTheModelWrites(WeightType type)
    {
        using var folder = new PublishedFolder("a2d-qwen3");
        // Code and buffers that are made once.
        using (MaskedDiffusionModel small = folder.Load(type))
            new TextGenerator(small, new() { MaxNewTokens = 16 }).Generate("w5 w7");
        folder.Edit("config.json", json =>
        {
            (json["num_hidden_layers"], json["hidden_size"], json["intermediate_size"]) = (16, 512, 2048);
            (json["num_attention_heads"], json["num_key_value_heads"], json["head_dim"]) = (8, 4, 64);
            json.Remove("layer_types");
        });
        TransformerConfig config = MaskedDiffusionModel.ReadConfig(folder.Path);
        string path = Path.Combine(folder.Path, "model.safetensors");
        WriteZeros(path, "BF16", 2, ModelFamily.Find("a2d-qwen3")!.Tensors(config)
            .Where(tensor => !tensor.IsCopy).Select(tensor => (tensor.Name, tensor.Shape)));
        long size = config.WeightBytes(type), before = Settled();

        using var watch = new MemoryWatch();
        MaskedDiffusionModel model = folder.Load(type);
        long loading = watch.Stop();
        Assert.AreEqual(type, model.WeightType);
        // 125 MB of weights, or 62 MB in 8 bits. 5 % are 6 or 3 MB; the largest tensor has 2 MB, and 4 MB while it is rounded to 8 bits. In
        // 8 bits, of which the heap has holes from rounding, up to 16 MB more than the weights were seen.
        long rounding = type == WeightType.Int8 ? 16 << 20 : 0;
        Limit.Below(size + size / 20 + rounding, loading - before, "bytes of all memory at most while loading");
        Assert.IsGreaterThan(size / 3, loading - before, "the measurement sees the weights");

        using var writing = new MemoryWatch();
        new TextGenerator(model, new() { MaxNewTokens = 16 }).Generate("w5 w7");
        // A block's queries, keys and values once more, and the working memory of 18 tokens. Packed weights would take twice the size.
        Limit.Below(size + size / 3, writing.Stop() - before, "bytes of all memory at most while writing");

        model.Dispose();
        Limit.Below(KeptByMalloc, Settled() - before, "bytes that disposal left");
    }

    [TestMethod]
    public void TrainingsMemoryGoesBackWhenItEnds()
    {
        var config = new TransformerConfig
        {
            LayerCount = 8,
            HeadCount = 4,
            EmbeddingSize = 256,
            FeedForwardSize = 1024,
            VocabularySize = 100,
            ContextLength = 512,
        };
        using var network = new TransformerNetwork(config, torch.CPU);
        network.Initialize(1);
        Step(network);
        network.Trim();
        long before = Settled();
        Step(network);
        // 14 tensors of 4 x 512 x 256 numbers for each of 8 blocks are 235 MB.
        Assert.IsGreaterThan(100L << 20, Environment.WorkingSet - before, "what the network keeps for the next step");
        network.Trim();
        Limit.Below(KeptByMalloc, Settled() - before, "bytes that a step left");
    }

    private static void Step(TransformerNetwork network)
    {
        using var scope = torch.NewDisposeScope();
        network.Hidden(new TokenRows(new long[4 * 512], 512)).sum().backward();
    }

    // Holes in a file read as zeros and take no time to write.
    private static void WriteZeros(string path, string type, long bytes, IEnumerable<(string Name, long[] Shape)> tensors)
    {
        long offset = 0;
        IEnumerable<string> entries = tensors.Select(one =>
        {
            long begin = offset;
            offset += one.Shape.Aggregate(bytes, (a, b) => a * b);
            return $"\"{one.Name}\":{{\"dtype\":\"{type}\",\"shape\":[{string.Join(',', one.Shape)}],\"data_offsets\":[{begin},{offset}]}}";
        });
        byte[] header = Encoding.UTF8.GetBytes("{" + string.Join(',', entries) + "}");
        using FileStream stream = File.Create(path);
        stream.Write(BitConverter.GetBytes((long)header.Length));
        stream.Write(header);
        stream.SetLength(stream.Position + offset);
    }

    private static long Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        NativeHeap.GiveBack();
        return Environment.WorkingSet;
    }

    /// <summary>The most memory that the process held, looked at all the time and, on Linux, without taking any.</summary>
    private sealed class MemoryWatch : IDisposable
    {
        private const string Statm = "/proc/self/statm";
        private readonly Thread _thread;
        private long _most;
        private volatile bool _stopped;

        public MemoryWatch()
        {
            _thread = new Thread(() =>
            {
                using SafeFileHandle? statm = File.Exists(Statm) ? File.OpenHandle(Statm) : null;
                while (!_stopped)
                {
                    _most = Math.Max(_most, statm is null ? Environment.WorkingSet : Resident(statm));
                    Thread.Yield();
                }
            });
            _thread.Start();
        }

        public long Stop()
        {
            _stopped = true;
            _thread.Join();
            return Math.Max(_most, Environment.WorkingSet);
        }

        public void Dispose() => Stop();

        // "size resident shared ...", in pages.
        private static long Resident(SafeFileHandle statm)
        {
            Span<byte> text = stackalloc byte[256];
            text = text[..RandomAccess.Read(statm, text, 0)];
            text = text[(text.IndexOf((byte)' ') + 1)..];
            return long.Parse(text[..text.IndexOf((byte)' ')], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
        }
    }
}
