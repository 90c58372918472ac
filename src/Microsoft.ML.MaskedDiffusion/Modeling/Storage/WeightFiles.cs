using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>
/// Fills a network from one or more safetensors files, one tensor at a time. One error lists everything that does not fit, before any
/// weight is read.
/// </summary>
internal static unsafe class WeightFiles
{
    // Numbers that are in memory in 32 bits while they are rounded to 8: 16 MB.
    private const long PieceNumbers = 1 << 22;

    /// <summary>Makes a network and fills it from files with its own names; otherwise as the next method.</summary>
    public static TransformerNetwork Load(string path, WeightType weightType, Func<ScalarType, TransformerNetwork> create)
    {
        using SafetensorsFiles files = SafetensorsFiles.Open(path);
        return Filled(create(TypeFor(files.Readers, weightType)), network => Load(files.Readers, network, path));
    }

    /// <summary>
    /// Makes a network and fills it from files of another layout, which is compared with their headers before memory is taken for what a
    /// configuration claims.
    /// </summary>
    /// <param name="path">A .safetensors file or a .safetensors.index.json.</param>
    /// <param name="layout">The tensors of the files.</param>
    /// <param name="weightType">The numbers in which matrices are to be held.</param>
    /// <param name="create">Makes the network, whose matrices have the given type.</param>
    /// <exception cref="InvalidDataException">
    /// The content is not safetensors, the names, shapes or types are not those of the network, or a number is not finite.
    /// </exception>
    public static TransformerNetwork Load(
        string path, WeightLayout layout, WeightType weightType, Func<ScalarType, TransformerNetwork> create)
    {
        using SafetensorsFiles files = SafetensorsFiles.Open(path);
        layout.Check(files.Readers, path);
        return Filled(create(TypeFor(files.Readers, weightType)), network => Fill(network, files.Readers, path, layout));
    }

    /// <summary>
    /// Whether the weights are of an autoregressive network: its input embedding has a row for every token but none for the mask. Where
    /// the mask is a token of the vocabulary, the files do not tell, and the configuration does.
    /// </summary>
    public static bool IsAutoregressive(string path, TransformerConfig config)
    {
        if (config.PredictedMaskTokenId >= 0)
            return config.Autoregressive;
        const string Embedding = TransformerNetwork.EmbeddingName;
        using SafetensorsReader reader = SafetensorsFiles.OpenFileOf(path, Embedding);
        return reader.TryFind(Embedding, out SafetensorsEntry entry) && entry.Shape is [long rows, _] && rows == config.VocabularySize;
    }

    /// <summary>The type in which a network holds the matrices of files: the wanted one, or that of all of them.</summary>
    public static ScalarType TypeFor(IReadOnlyList<SafetensorsReader> files, WeightType wanted)
    {
        if (wanted != WeightType.Automatic)
            return WeightTypes.ScalarOf(wanted);
        return AreMatrices(files, SafetensorsType.BF16) ? ScalarType.BFloat16
            : AreMatrices(files, SafetensorsType.I8) ? ScalarType.Int8 : ScalarType.Float32;
    }

    /// <summary>Loads from open files, each of which is read from its beginning to its end.</summary>
    public static void Load(IReadOnlyList<SafetensorsReader> shards, TransformerNetwork network, string source)
    {
        if (AreMatrices(shards, SafetensorsType.I8))
        {
            LoadInt8(shards, network, source);
            return;
        }
        WeightLayout layout = WeightLayout.Of(network);
        layout.Check(shards, source);
        Fill(network, shards, source, layout);
    }

    // From files whose headers have been compared with the layout.
    private static void Fill(TransformerNetwork network, IReadOnlyList<SafetensorsReader> shards, string source, WeightLayout layout)
    {
        using IDisposable noGradient = no_grad();
        foreach (SafetensorsReader shard in shards)
            foreach (SafetensorsEntry entry in shard.Entries)
                if (layout.Find(entry.Name) is { IsCopy: false } tensor)
                    Read(shard, entry, tensor, network, source);
        // What they repeat has been read by now.
        foreach (SafetensorsReader shard in shards)
            foreach (SafetensorsEntry entry in shard.Entries)
                if (layout.Find(entry.Name) is { IsCopy: true } tensor)
                    Compare(shard, entry, tensor, network, source);
    }

    private static bool AreMatrices(IReadOnlyList<SafetensorsReader> files, SafetensorsType type)
    {
        SafetensorsEntry[] matrices = [.. files.SelectMany(file => file.Entries).Where(entry => entry.Shape.Length > 1)];
        return matrices.Length > 0 && matrices.All(entry => entry.Type == type);
    }

    // Integers and scales as they are; where the network has another type, by way of one that has theirs.
    private static void LoadInt8(IReadOnlyList<SafetensorsReader> shards, TransformerNetwork network, string source)
    {
        if (network.Type != ScalarType.Int8)
        {
            using var stored = new TransformerNetwork(network.Config, CPU, ScalarType.Int8);
            LoadInt8(shards, stored, source);
            network.CopyFrom(stored);
            return;
        }
        WeightLayout.OfInt8(network).Check(shards, source);
        using IDisposable noGradient = no_grad();
        Dictionary<string, Tensor> tensors = network.Stored.ToDictionary();
        foreach (SafetensorsReader shard in shards)
            foreach (SafetensorsEntry entry in shard.Entries)
                ReadStored(shard, entry, tensors[entry.Name], source);
    }

    private static void ReadStored(SafetensorsReader shard, SafetensorsEntry entry, Tensor target, string source)
    {
        using var scope = NewDisposeScope();
        bool inPlace = target.device_type == TorchSharp.DeviceType.CPU;
        Tensor values = inPlace ? target : empty(entry.Shape, target.dtype);
        if (values.dtype == ScalarType.Int8)
            shard.ReadBytes(entry, new Span<byte>(TensorMemory.Address(values, ScalarType.Int8), checked((int)entry.ElementCount)));
        else
            ReadFinite(shard, entry, values, source);
        if (entry.Name.EndsWith(TransformerNetwork.ScaleSuffix, StringComparison.Ordinal))
            RequireFinite(HaveFiniteProducts(TensorMemory.FloatSpan(values)), entry, source);
        if (!inPlace)
            target.copy_(values);

        // With the integer that is farthest from zero.
        static bool HaveFiniteProducts(ReadOnlySpan<float> scales) =>
            scales.IsEmpty || float.IsFinite(TensorPrimitives.MaxMagnitude(scales) * sbyte.MinValue);
    }

    // The network, which is disposed where it cannot be filled.
    private static TransformerNetwork Filled(TransformerNetwork network, Action<TransformerNetwork> fill)
    {
        try
        {
            fill(network);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    // Straight into the parameter where the tensor is one and the parameter can be written to, else by way of other memory.
    private static void Read(
        SafetensorsReader shard, SafetensorsEntry entry, StoredTensor tensor, TransformerNetwork network, string source)
    {
        using var scope = NewDisposeScope();
        Tensor first = network.Parameters[tensor.Rows[0].Parameter];
        if (first.dtype == ScalarType.Int8)
        {
            ForPieces(shard, entry, tensor, source, (rows, values) => network.SetRows(rows.Parameter, rows.To, values));
            return;
        }
        ScalarType type = ReadType(first);
        bool inPlace = tensor.Rows.Length == 1 && first.shape.AsSpan().SequenceEqual(tensor.Shape)
            && first.device_type == TorchSharp.DeviceType.CPU && first.dtype == type;
        Tensor values = inPlace ? first : empty(entry.Shape, type);
        ReadFinite(shard, entry, values, source);
        if (inPlace)
            return;
        foreach (StoredRows rows in tensor.Rows)
            network.Parameters[rows.Parameter].narrow(0, rows.To, rows.Count).copy_(values.narrow(0, rows.From, rows.Count));
    }

    private static void Compare(
        SafetensorsReader shard, SafetensorsEntry entry, StoredTensor tensor, TransformerNetwork network, string source)
    {
        using var scope = NewDisposeScope();
        ScalarType type = network.Parameters[tensor.Rows[0].Parameter].dtype;
        if (type == ScalarType.Int8)
        {
            // What is the same before it is rounded is the same after it.
            ForPieces(shard, entry, tensor, source, (rows, values) =>
            {
                (Tensor numbers, Tensor scales) = QuantizedRows.Of(values);
                RequireSame(QuantizedRows.Widen(numbers, scales), rows);
            });
            return;
        }
        Tensor whole = empty(entry.Shape, type == ScalarType.BFloat16 ? type : ScalarType.Float32);
        ReadFinite(shard, entry, whole, source);
        foreach (StoredRows rows in tensor.Rows)
            RequireSame(whole.narrow(0, rows.From, rows.Count), rows);

        void RequireSame(Tensor values, StoredRows rows)
        {
            Tensor own = network.Rows(rows.Parameter, rows.To, rows.Count);
            if (!values.to(own.dtype, own.device).eq(own).all().item<bool>())
            {
                throw new InvalidDataException($"{source}: tensor {FaultList.Quote(entry.Name)} differs from the embedding table, although "
                    + "the configuration ties the two.");
            }
        }
    }

    // Reads a matrix in 32 bits, some rows at a time, so that little of it is in memory at once.
    private static void ForPieces(
        SafetensorsReader shard, SafetensorsEntry entry, StoredTensor tensor, string source, Action<StoredRows, Tensor> take)
    {
        long width = entry.ElementCount / Math.Max(1, entry.Shape[0]), most = Math.Max(1, PieceNumbers / Math.Max(1, width));
        foreach (StoredRows rows in tensor.Rows.OrderBy(rows => rows.From))
        {
            for (long at = 0; at < rows.Count; at += most)
            {
                using var scope = NewDisposeScope();
                long count = Math.Min(most, rows.Count - at);
                Tensor values = empty(count, width, dtype: ScalarType.Float32);
                Span<float> numbers = TensorMemory.FloatSpan(values);
                shard.ReadSingles(entry, (rows.From + at) * width, numbers);
                RequireFinite(IsFinite(numbers), entry, source);
                take(new StoredRows(rows.Parameter, rows.From + at, rows.To + at, count), values);
            }
        }
    }

    // The type in which numbers are read that are to become a parameter's.
    private static ScalarType ReadType(Tensor parameter) =>
        parameter.dtype == ScalarType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;

    private static void ReadFinite(SafetensorsReader shard, SafetensorsEntry entry, Tensor values, string source)
    {
        int count = checked((int)entry.ElementCount);
        bool finite;
        if (values.dtype == ScalarType.BFloat16)
        {
            var numbers = new Span<ushort>(TensorMemory.Address(values, ScalarType.BFloat16), count);
            shard.ReadBFloat16(entry, numbers);
            finite = BFloat16Kernels.AreFinite(numbers);
        }
        else
        {
            var numbers = new Span<float>(TensorMemory.Floats(values), count);
            shard.ReadSingles(entry, numbers);
            finite = IsFinite(numbers);
        }
        RequireFinite(finite, entry, source);
    }

    private static void RequireFinite(bool finite, SafetensorsEntry entry, string source)
    {
        if (!finite)
        {
            throw new InvalidDataException(
                $"{source}: tensor {FaultList.Quote(entry.Name)} holds numbers that are not finite (NaN or infinity).");
        }
    }

    /// <summary>Whether all values are numbers, neither NaN nor infinity.</summary>
    internal static bool IsFinite(ReadOnlySpan<float> values)
    {
        // A sum with a NaN or an infinity in it is not finite, so one sum for many values is enough as long as it is finite.
        const int Piece = 1 << 16;
        for (int i = 0; i < values.Length; i += Piece)
        {
            if (!float.IsFinite(TensorPrimitives.SumOfMagnitudes(values.Slice(i, Math.Min(Piece, values.Length - i)))))
                return EachIsFinite(values[i..]);
        }
        return true;

        // The sum of finite numbers may itself be too large to be finite.
        static bool EachIsFinite(ReadOnlySpan<float> rest)
        {
            foreach (float value in rest)
                if (!float.IsFinite(value))
                    return false;
            return true;
        }
    }
}
