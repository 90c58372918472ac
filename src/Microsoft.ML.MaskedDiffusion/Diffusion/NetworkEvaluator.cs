using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Diffusion;

/// <summary>
/// Asks a <see cref="TransformerNetwork"/>: hidden states of all rows, then vocabulary logits only at the positions asked for, a slice at a time so that
/// memory stays small. In 32-bit floats on the processor results are the same bits in every batch; elsewhere to rounding.
/// </summary>
internal sealed class NetworkEvaluator : IRowEvaluator
{
    // Logits held at once: 32 MB of fp32.
    private const int SliceLogits = 1 << 23;

    private readonly TransformerNetwork _network;

    public NetworkEvaluator(TransformerNetwork network)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (network.Config.Autoregressive)
            throw new ArgumentException($"The network \"{network.Config.Name}\" is autoregressive and has no mask token; this needs a masked diffusion model.", nameof(network));
        _network = network;
    }

    private NetworkEvaluator(TransformerNetwork network, bool autoregressive) => _network = network.Config.Autoregressive == autoregressive
        ? network
        : throw new ArgumentException($"The network \"{network.Config.Name}\" sees both sides of a token; this needs an autoregressive model.", nameof(network));

    /// <summary>Asks an autoregressive network: a position's prediction is that of the token after it, and no row may hold the mask token.</summary>
    public static NetworkEvaluator OfAutoregressive(TransformerNetwork network) => new(network, autoregressive: true);

    public int VocabularySize => _network.Config.VocabularySize;

    public int MaskTokenId => _network.Config.MaskTokenId;

    public int ContextLength => _network.Config.ContextLength;

    public void LogProbabilities(RowBatch batch, Span<double> destination)
    {
        var values = new double[batch.QueryCount];
        ForEachSlice(batch, (first, count, logits) =>
        {
            using Tensor targets = tensor(Slice(batch.Targets, first, count), device: _network.Device);
            using Tensor losses = Fused.CrossEntropy(logits, targets), wide = losses.to(ScalarType.Float64, CPU);
            using TensorAccessor<double> accessor = wide.data<double>();
            accessor.CopyTo(values, first);
        });
        for (int i = 0; i < values.Length; i++) destination[i] = -values[i];
    }

    public unsafe void ReadLogits(RowBatch batch, LogitReader reader) => ForEachSlice(batch, (first, count, logits) =>
    {
        using Tensor floats = logits.to(ScalarType.Float32, CPU), dense = floats.contiguous();
        float* start = TensorMemory.Floats(dense);
        int width = VocabularySize;
        Workers.Run(count, i => reader(first + i, new ReadOnlySpan<float>(start + (long)i * width, width)));
    });

    private void ForEachSlice(RowBatch batch, Action<int, int, Tensor> take)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        long[] ids = new long[batch.RowCount * batch.Length];
        for (int row = 0; row < batch.RowCount; row++)
        {
            for (int i = 0; i < batch.Length; i++) ids[row * batch.Length + i] = batch.Rows[row][i];
        }
        Tensor tokens = tensor(ids, [batch.RowCount, batch.Length], device: _network.Device);
        Tensor hidden = _network.Hidden(tokens).view(ids.Length, _network.Config.EmbeddingSize);
        int step = Math.Max(1, SliceLogits / VocabularySize);
        for (int first = 0; first < batch.QueryCount; first += step)
        {
            using var slice = NewDisposeScope();
            int count = Math.Min(step, batch.QueryCount - first);
            Tensor logits = LogitsAt(hidden, Slice(batch.Indices, first, count));
            if (batch.GuidanceScale != 0)
                logits = Guidance.Combine(logits, LogitsAt(hidden, Slice(batch.UnconditionalIndices, first, count)), batch.GuidanceScale);
            take(first, count, logits);
        }
    }

    // At least 32 bits, so that guidance and softmax never run in a half type.
    private Tensor LogitsAt(Tensor hidden, long[] indices)
    {
        Tensor logits = _network.Logits(hidden.index_select(0, tensor(indices, device: _network.Device)));
        return _network.Type is ScalarType.Float32 or ScalarType.Float64 ? logits : logits.to(ScalarType.Float32);
    }

    private static long[] Slice(IReadOnlyList<long> values, int first, int count)
    {
        var slice = new long[count];
        for (int i = 0; i < count; i++) slice[i] = values[first + i];
        return slice;
    }
}
