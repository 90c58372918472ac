using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Torch;

/// <summary>
/// A session on torch's operators. Parts that compute as many positions and attend as many keys go through the network together.
/// </summary>
internal sealed class TorchSession(TransformerConfig config, TorchBackend backend, UseCount.Use network)
    : NetworkSession(config, network), ILogitSummarizer
{
    // A text of 32,000 tokens' vocabulary has 128 KB of numbers a change.
    private const int MostChanges = 256;

    private readonly Dictionary<ILogitChange, Tensor> _changes = [];

    protected override KeyValueCache CreateCache(int capacity) => new TorchCache(this, Config, capacity, backend.Device, backend.Type);

    protected override NetworkStates Compute(IReadOnlyList<SequencePart> parts)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        var all = new RaggedBatch(parts);
        List<Tensor> results = [zeros([0, Config.EmbeddingSize], backend.Type, backend.Device)];
        List<long> order = [];
        foreach (IGrouping<(int Length, int KeyCount, AttentionBlocks? Blocks), int> group in Enumerable.Range(0, all.Parts.Length)
            .GroupBy(i => (all.Parts[i].Tokens.Length, all.Parts[i].KeyCount, all.Parts[i].Blocks)))
        {
            results.Add(Run(new RaggedBatch([.. group.Select(i => all.Parts[i])]), group.Key.Length, group.Key.KeyCount));
            foreach (int i in group)
                order.AddRange(Enumerable.Range(all.AskedStarts[i], all.Parts[i].Asked.Length).Select(asked => (long)asked));
        }
        var places = new long[order.Count];
        for (int i = 0; i < places.Length; i++)
            places[order[i]] = i;
        return new TorchStates(cat([.. results]).index_select(0, Upload.Integers(places, backend.Device)));
    }

    protected override NetworkStates Select(NetworkStates states, int[] rows)
    {
        using var scope = NewDisposeScope();
        Tensor chosen = Upload.Integers(Array.ConvertAll(rows, row => (long)row), backend.Device);
        return new TorchStates(((TorchStates)states).Tensor.index_select(0, chosen));
    }

    public bool SummarizesLogits => backend.SummarizesLogits;

    protected override unsafe void Read(
        NetworkStates states, int[] rows, int[]? unconditional, double guidanceScale, LogitRowReader reader)
    {
        int width = Config.VocabularySize;
        ForEachSlice(states, rows, unconditional, guidanceScale, (first, logits) =>
        {
            Tensor dense = logits.to(ScalarType.Float32, CPU).contiguous();
            float* at = TensorMemory.Floats(dense);
            Workers.Run((int)logits.size(0), i => reader(first + i, new ReadOnlySpan<float>(at + (long)i * width, width)));
        });
    }

    public DistributionSummary[] Summarize(
        NetworkStates states, int[] rows, int[]? unconditional, double guidanceScale, IReadOnlyList<ILogitChange> changes)
    {
        using UseCount.Use use = Enter(states, rows, unconditional);
        if (changes.Count != rows.Length)
            throw new ArgumentException($"{rows.Length} rows have {changes.Count} changes.", nameof(changes));
        if (rows.Length == 0)
            return [];
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        ILogitChange[] distinct = [.. changes.Distinct()];
        Dictionary<ILogitChange, long> numbers = distinct.Index().ToDictionary(change => change.Item, change => (long)change.Index);
        Tensor added = stack(distinct.Select(NumbersOf));
        var figures = new List<Tensor>();
        ForEachSlice(states, rows, guidanceScale == 0 ? null : unconditional, guidanceScale, (first, logits) =>
        {
            long[] own = [.. Enumerable.Range(first, (int)logits.size(0)).Select(row => numbers[changes[row]])];
            Tensor changed = logits.Plus(added.index_select(0, Upload.Integers(own, backend.Device)));
            figures.Add(TorchOperators.Summarize(changed).MoveToOuterDisposeScope());
        });
        using TensorAccessor<double> values = cat([.. figures]).cpu().data<double>();
        var summaries = new DistributionSummary[rows.Length];
        for (int row = 0; row < summaries.Length; row++)
            summaries[row] = Summary(row);
        return summaries;

        DistributionSummary Summary(int row)
        {
            (double id, double top, double second) = (values[row, 0], values[row, 1], values[row, 2]);
            return double.IsNaN(top) || double.IsPositiveInfinity(top)
                ? new DistributionSummary(-1, float.NaN, float.NaN, double.NaN, double.NaN)
                : new DistributionSummary((int)id, (float)top, (float)second, values[row, 3], values[row, 4]);
        }
    }

    protected override void Free()
    {
        // The weights are the network's own.
        foreach (Tensor numbers in _changes.Values)
            numbers.Dispose();
        _changes.Clear();
    }

    // What a change adds to logits, [vocabulary], on the device. A text has a few changes, which come again in every step.
    private Tensor NumbersOf(ILogitChange change)
    {
        lock (_changes)
        {
            if (_changes.TryGetValue(change, out Tensor? kept))
                return kept.alias();
            if (_changes.Count == MostChanges)
            {
                foreach (Tensor old in _changes.Values)
                    old.Dispose();
                _changes.Clear();
            }
            var numbers = new float[Config.VocabularySize];
            change.AddTo(numbers);
            kept = Upload.Floats(numbers, ScalarType.Float32, backend.Device).DetachFromDisposeScope();
            _changes.Add(change, kept);
            return kept.alias();
        }
    }

    // Hands over the logits [n, vocabulary] of rows in slices, with the number of the first row.
    private void ForEachSlice(NetworkStates states, int[] rows, int[]? unconditional, double guidanceScale, Action<int, Tensor> take)
    {
        using IDisposable noGradient = no_grad();
        for (int start = 0; start < rows.Length; start += backend.SliceRows)
        {
            using var scope = NewDisposeScope();
            int first = start, count = Math.Min(backend.SliceRows, rows.Length - start);
            Tensor logits = LogitsOf(rows);
            if (unconditional is not null)
                logits = LogitGuidance.Combine(logits, LogitsOf(unconditional), guidanceScale);
            take(first, logits);

            Tensor LogitsOf(int[] of)
            {
                long[] part = Array.ConvertAll(of[first..(first + count)], row => (long)row);
                return backend.Logits(((TorchStates)states).Tensor.index_select(0, Upload.Integers(part, backend.Device)));
            }
        }
    }

    // The asked states of parts that compute as many positions and attend as many keys.
    private Tensor Run(RaggedBatch batch, int length, int keyCount)
    {
        using var scope = NewDisposeScope();
        Tensor asked = Upload.Integers(batch.Asked, backend.Device), positions = Upload.Integers(batch.Positions, backend.Device);
        Tensor[] own = [.. positions.view(-1, length).unbind()];
        // Blocks that see all positions share one view of them, and those that see near ones another.
        var views = new Dictionary<bool, PositionView>();
        Tensor x = backend.Embed(batch.Ids);
        for (int i = 0; i < Config.LayerCount; i++)
        {
            if (!views.TryGetValue(Config.IsLocal(i), out PositionView? view))
                views.Add(Config.IsLocal(i), view = View(batch, i, length, keyCount, positions));
            x = Block(batch, x, i, view, length, keyCount, own, i == Config.LayerCount - 1 ? asked : null);
        }
        return backend.Predict(x).MoveToOuterDisposeScope();
    }

    // One block on the residual stream [parts * length, d], whose keys and values go to the caches first.
    private Tensor Block(
        RaggedBatch batch, Tensor x, int layer, PositionView view, int length, int keyCount, Tensor[] positions, Tensor? asked)
    {
        using var scope = NewDisposeScope();
        long count = batch.Parts.Length;
        (Tensor query, Tensor key, Tensor value) = backend.Project(x, layer, count, length, view.Cosines, view.Sines);
        for (int i = 0; i < count; i++)
            ((TorchCache?)batch.Parts[i].Cache)?.Write(layer, positions[i], key[i], value[i]);
        if (length < keyCount)
        {
            Tensor Cached(bool values) => stack(batch.Parts.Select(part => ((TorchCache)part.Cache!).Read(layer, values, keyCount)));
            (key, value) = (Cached(values: false), Cached(values: true));
        }
        (key, value) = (backend.ForEveryHead(key), backend.ForEveryHead(value));
        Tensor mixed = length == keyCount && view.Mask is null
            ? backend.FusedAttention(query, key, value, Config.Autoregressive, backend.IsRounded)
            : TorchOperators.AttentionOver(query, key, value, view.Mask, backend.IsRounded);
        mixed = mixed.transpose(1, 2).reshape(count * length, Config.QuerySize);
        return backend.Finish(x, mixed, TransformerNetwork.LayerPrefix(layer), asked).MoveToOuterDisposeScope();
    }

    private PositionView View(RaggedBatch batch, int layer, int length, int keyCount, Tensor positions)
    {
        (Tensor cosines, Tensor sines) = backend.TurnsAt(layer, positions);
        AttentionReach reach = AttentionPattern.ReachOf(Config, Config.IsLocal(layer), null, batch.Parts[0].Blocks);
        // Fused attention knows whole rows of causal attention; and the last positions see all keys anyway.
        if (reach.IsCausal && (length == keyCount || batch.Positions.All(position => position == keyCount - 1)))
            reach = reach with { IsCausal = false };
        if (reach.Blocks is { } blocks && batch.Positions.All(position => blocks.EndOf(position) >= keyCount))
            reach = reach with { Blocks = null };
        return new PositionView(cosines, sines, backend.Masks.Of(reach, positions.view(-1, length), keyCount));
    }

    /// <summary>How the blocks of one kind turn the computed positions, and which keys these see.</summary>
    /// <param name="Cosines">The rotary table's cosines [parts * length, 1, h / 2].</param>
    /// <param name="Sines">Its sines.</param>
    /// <param name="Mask">Which keys they see [parts, 1, length, keys]; null for all.</param>
    private sealed record PositionView(Tensor Cosines, Tensor Sines, Tensor? Mask);
}
