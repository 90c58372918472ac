using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Backends;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>
/// Asks a <see cref="TransformerNetwork"/> for states and then for the vocabulary, at the positions asked for only and once for each
/// distinct position. Only a slice of the logits exists at a time, so that memory stays small. On the processor results have the same
/// bits in every batch, whether the weights are in 32 bits, bfloat16 or 8 bits; elsewhere they are equal within rounding.
/// </summary>
internal sealed class NetworkEvaluator : IRowEvaluator
{
    // Logits that exist at once: 16 MB of 32-bit floats, which malloc keeps for the next slice.
    private const int SliceLogits = 1 << 22;

    private readonly TransformerNetwork _network;

    /// <summary>Asks a masked diffusion network.</summary>
    /// <exception cref="ArgumentException">The network is autoregressive.</exception>
    public NetworkEvaluator(TransformerNetwork network)
        : this(network, autoregressive: false)
    {
    }

    private NetworkEvaluator(TransformerNetwork network, bool autoregressive)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (network.Config.Autoregressive != autoregressive)
        {
            string why = autoregressive
                ? "sees both sides of a token; this needs an autoregressive model."
                : "is autoregressive and has no mask token; this needs a masked diffusion model.";
            throw new ArgumentException($"The network \"{network.Config.Name}\" {why}", nameof(network));
        }
        _network = network;
    }

    /// <summary>
    /// Asks an autoregressive network: a position's prediction is that of the token after it, and no row may hold the mask token.
    /// </summary>
    /// <exception cref="ArgumentException">The network is not autoregressive.</exception>
    public static NetworkEvaluator OfAutoregressive(TransformerNetwork network) => new(network, autoregressive: true);

    public int VocabularySize => _network.Config.TextVocabularySize;

    public int MaskTokenId => _network.Config.MaskTokenId;

    public int ContextLength => _network.Config.ContextLength;

    public bool IsShifted => _network.Config.ShiftsLogits;

    public int? AttentionBlockSize => _network.Config.AttentionBlockSize;

    public void LogProbabilities(RowBatch batch, Span<double> destination)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AskedStates asked = StatesOf(batch);
        int[] targets = [.. batch.Targets.Select(target => (int)target)];
        _network.LogProbabilities(asked.Conditional, asked.Unconditional, batch.GuidanceScale, asked.Rows, targets, destination);
    }

    public unsafe void ReadLogits(RowBatch batch, LogitReader reader)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        AskedStates asked = StatesOf(batch);
        IEnumerable<IGrouping<int, int>> byRow = Enumerable.Range(0, batch.QueryCount).GroupBy(query => asked.Rows[query]);
        int[][] queries = [.. byRow.OrderBy(row => row.Key).Select(row => row.ToArray())];
        ForEachSlice(asked, batch.GuidanceScale, (first, logits) =>
        {
            Tensor dense = logits.to(ScalarType.Float32, CPU).contiguous();
            float* start = TensorMemory.Floats(dense);
            int stride = _network.Config.VocabularySize, width = VocabularySize;
            Workers.Run((int)logits.size(0), i =>
            {
                foreach (int query in queries[first + i])
                    reader(query, new ReadOnlySpan<float>(start + (long)i * stride, width));
            });
        });
    }

    // The states at all distinct places asked for, each with its unguided counterpart under guidance.
    private AskedStates StatesOf(RowBatch batch)
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
        long[] places =
            [.. (guided ? pairs.SelectMany(pair => new[] { pair.At, pair.Other }) : pairs.Select(pair => pair.At)).Distinct().Order()];
        Tensor states = _network.HiddenAt(new TokenRows(ids, batch.Length) { Blocks = batch.Blocks }, places);
        return new AskedStates(At(pair => pair.At), guided ? At(pair => pair.Other) : null, rows);

        Tensor At(Func<(long At, long Other), long> place)
        {
            long[] indices = [.. pairs.Select(pair => (long)Array.BinarySearch(places, place(pair)))];
            return states.index_select(0, Upload.Integers(indices, _network.Device));
        }
    }

    private void ForEachSlice(AskedStates asked, double guidanceScale, Action<int, Tensor> take)
    {
        int count = (int)asked.Conditional.size(0), step = Math.Max(1, SliceLogits / VocabularySize);
        for (int first = 0; first < count; first += step)
        {
            using var slice = NewDisposeScope();
            int rows = Math.Min(step, count - first);
            Tensor logits = _network.Logits(asked.Conditional.narrow(0, first, rows));
            if (asked.Unconditional is { } others)
                logits = LogitGuidance.Combine(logits, _network.Logits(others.narrow(0, first, rows)), guidanceScale);
            take(first, logits);
        }
    }

    /// <summary>The states of distinct places, and which of them each query asks.</summary>
    private sealed record AskedStates(Tensor Conditional, Tensor? Unconditional, int[] Rows);
}
