using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>
/// Asks a <see cref="TransformerNetwork"/>: states, then the vocabulary, only at the positions asked for, each distinct position once. Logits exist a slice at a
/// time, so that memory stays small. In 32-bit floats on the processor results are the same bits in every batch; elsewhere to rounding.
/// </summary>
internal sealed class NetworkEvaluator : IRowEvaluator
{
    // Logits held at once: 16 MB of fp32, which malloc keeps for the next slice.
    private const int SliceLogits = 1 << 22;

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
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        States asked = Look(batch);
        int[] targets = [.. batch.Targets.Select(target => (int)target)];
        if (_network.HasKernels)
        {
            _network.LogProbabilities(asked.Conditional, asked.Unconditional, batch.GuidanceScale, asked.Rows, targets, destination);
            return;
        }
        var values = new double[batch.QueryCount];
        ForEachSlice(asked, batch.GuidanceScale, (first, logits) =>
        {
            int end = first + (int)logits.size(0);
            int[] queries = [.. Enumerable.Range(0, values.Length).Where(query => asked.Rows[query] >= first && asked.Rows[query] < end)];
            Tensor rows = tensor(queries.Select(query => (long)asked.Rows[query] - first).ToArray(), device: _network.Device);
            Tensor losses = Fused.CrossEntropy(logits.index_select(0, rows), tensor(queries.Select(query => (long)targets[query]).ToArray(), device: _network.Device));
            using TensorAccessor<double> accessor = losses.to(ScalarType.Float64, CPU).data<double>();
            for (int i = 0; i < queries.Length; i++)
                values[queries[i]] = -accessor[i];
        });
        values.CopyTo(destination);
    }

    public unsafe void ReadLogits(RowBatch batch, LogitReader reader)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        States asked = Look(batch);
        int[][] queries = [.. Enumerable.Range(0, batch.QueryCount).GroupBy(query => asked.Rows[query]).OrderBy(row => row.Key).Select(row => row.ToArray())];
        ForEachSlice(asked, batch.GuidanceScale, (first, logits) =>
        {
            Tensor dense = logits.to(ScalarType.Float32, CPU).contiguous();
            float* start = TensorMemory.Floats(dense);
            int width = VocabularySize;
            Workers.Run((int)logits.size(0), i =>
            {
                foreach (int query in queries[first + i])
                    reader(query, new ReadOnlySpan<float>(start + (long)i * width, width));
            });
        });
    }

    // The states at all distinct places asked for, each with its unguided counterpart under guidance.
    private States Look(RowBatch batch)
    {
        long[] ids = new long[batch.RowCount * batch.Length];
        for (int row = 0; row < batch.RowCount; row++)
        {
            for (int i = 0; i < batch.Length; i++)
                ids[row * batch.Length + i] = batch.Rows[row][i];
        }
        bool guided = batch.GuidanceScale != 0;
        var rowOf = new Dictionary<(long, long), int>();
        List<(long At, long Other)> pairs = [];
        var rows = new int[batch.QueryCount];
        for (int query = 0; query < rows.Length; query++)
        {
            (long, long) place = (batch.Indices[query], guided ? batch.UnconditionalIndices[query] : 0);
            if (rowOf.TryGetValue(place, out rows[query]))
                continue;
            rowOf.Add(place, rows[query] = pairs.Count);
            pairs.Add(place);
        }
        long[] places = [.. (guided ? pairs.SelectMany(pair => new[] { pair.At, pair.Other }) : pairs.Select(pair => pair.At)).Distinct().Order()];
        Tensor states = _network.HiddenAt(tensor(ids, [batch.RowCount, batch.Length], device: _network.Device), places);
        Tensor At(Func<(long At, long Other), long> place) =>
            states.index_select(0, tensor(pairs.Select(pair => (long)Array.BinarySearch(places, place(pair))).ToArray(), device: _network.Device));
        return new States(At(pair => pair.At), guided ? At(pair => pair.Other) : null, rows);
    }

    private void ForEachSlice(States asked, double guidanceScale, Action<int, Tensor> take)
    {
        int count = (int)asked.Conditional.size(0), step = Math.Max(1, SliceLogits / VocabularySize);
        for (int first = 0; first < count; first += step)
        {
            using var slice = NewDisposeScope();
            int rows = Math.Min(step, count - first);
            Tensor logits = Logits(asked.Conditional.narrow(0, first, rows));
            if (asked.Unconditional is { } others)
                logits = Guidance.Combine(logits, Logits(others.narrow(0, first, rows)), guidanceScale);
            take(first, logits);
        }
    }

    // At least 32 bits, so that guidance and softmax never run in a half type.
    private Tensor Logits(Tensor states)
    {
        Tensor logits = _network.Logits(states);
        return _network.Type is ScalarType.Float32 or ScalarType.Float64 ? logits : logits.to(ScalarType.Float32);
    }

    /// <summary>States of distinct places, and which of them each query asks.</summary>
    private sealed record States(Tensor Conditional, Tensor? Unconditional, int[] Rows);
}
