using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <content>
/// The last block of a training pass at the asked places. What it computes elsewhere are keys and values, which the asked places attend to.
/// In training those places are the masked ones, about half of all, so that nearly half of the block's work is saved, and nothing is
/// approximated.
/// </content>
internal sealed unsafe partial class KernelNetwork
{
    // Middle = input at the asked places + attention's projected result there.
    private void AttendAsked(LayerWeights w, LayerTape kept, float* normed, ForwardTape tape)
    {
        ProjectAsked(w, kept, normed, tape);
        int asked = tape.Places!.Length;
        fixed (long* places = tape.Places)
        {
            AttentionKernels.ForwardAt(
                QueriesOf(kept.Qkv, tape), kept.Qkv, kept.Mixed, kept.LogSums, places, StartsOf(tape), tape.Length, _heads,
                Reach(LastLayer, tape), Rounded);
        }
        RoundAll(kept.Mixed, (long)asked * _heads.QueryWidth);
        ContinueAsked(w, kept, tape);
    }

    private void ContinueAsked(LayerWeights w, LayerTape kept, ForwardTape tape)
    {
        int asked = tape.Places!.Length;
        fixed (long* places = tape.Places)
            EmbeddingKernels.Gather(kept.Input, places, kept.Middle, asked, _d);
        AddTo(kept.Middle, kept.Mixed, _heads.QueryWidth, w.Projection.Floats, kept.Middle, asked);
    }

    // Keys and values of all places and queries of the asked ones, turned by their positions.
    private void ProjectAsked(LayerWeights w, LayerTape kept, float* normed, ForwardTape tape)
    {
        int n = tape.Batch * tape.Length, asked = tape.Places!.Length, width = _heads.QueryWidth, others = _heads.KeyValueWidth;
        using PooledBuffer ordered = pool.Rent((long)_heads.ProjectionWidth * _d), gathered = pool.Rent((long)asked * _d);
        float* wQuery = ordered.Pointer, wOthers = wQuery + (long)width * _d, some = gathered.Pointer;
        float* raw = kept.Raw is null ? kept.Qkv : kept.Raw, rawQueries = QueriesOf(raw, tape), queries = QueriesOf(kept.Qkv, tape);
        HeadOrder.Split(w.Qkv.Floats, wQuery, wOthers, _heads, _d);
        float* from = _places.NormFirst(w, kept.Input, normed, kept.Scale1, n);
        MatrixProduct.Multiply(n, others, _d, from, _d, false, wOthers, _d, true, raw, others, rounded: Rounded);
        fixed (long* places = tape.Places)
            EmbeddingKernels.Gather(from, places, some, asked, _d);
        MatrixProduct.Multiply(asked, width, _d, some, _d, false, wQuery, _d, true, rawQueries, width, rounded: Rounded);
        if (w.Bias is not null)
        {
            float* bias = ordered.Pointer, othersBias = bias + width;
            HeadOrder.Split(w.Bias, bias, othersBias, _heads, 1);
            BiasKernels.Add(rawQueries, bias, asked, width);
            BiasKernels.Add(raw, othersBias, n, others);
        }
        long count = (long)n * others + (long)asked * width;
        CopyAll(raw, kept.Qkv, count);
        _places.NormQueries(w, queries, asked);
        _places.NormKeys(w, kept.Qkv, n);
        TurnAsked(queries, kept.Qkv, tape, 1);
        RoundAll(kept.Qkv, count);
    }

    // The attention of a block from the gradient of its result on, which is in the memory's DNormed [asked, query width].
    private void AttendAskedBackward(LayerWeights w, LayerWeights g, LayerTape kept, BackwardMemory memory, ForwardTape tape)
    {
        int n = tape.Batch * tape.Length, asked = tape.Places!.Length, width = _heads.QueryWidth, others = _heads.KeyValueWidth;
        float* dx = memory.DStream, spread = memory.Normed, dy = memory.DNormed;
        float* dKeyValues = memory.DQkv, dQueries = QueriesOf(dKeyValues, tape);
        using PooledBuffer ordered = pool.Rent((long)_heads.ProjectionWidth * _d), gathered = pool.Rent((long)asked * _d);
        float* wQuery = ordered.Pointer, wOthers = wQuery + (long)width * _d, some = gathered.Pointer;
        fixed (long* places = tape.Places)
        {
            AttentionKernels.BackwardAt(
                QueriesOf(kept.Qkv, tape), kept.Qkv, kept.Mixed, kept.LogSums, dy, dQueries, dKeyValues, places, StartsOf(tape),
                tape.Length, _heads, Reach(LastLayer, tape), Rounded);
            TurnAsked(dQueries, dKeyValues, tape, -1);
            _places.NormHeadsBackward(
                QueriesOf(kept.Raw, tape), _heads.Queries, w.QueryNorm, dQueries, memory.Wanted(g.QueryNorm), asked);
            _places.NormHeadsBackward(kept.Raw, _heads.Keys, w.KeyNorm, dKeyValues, memory.Wanted(g.KeyNorm), n);
            float* y = NormFirstAgain(w, kept, memory.Normed, n);
            EmbeddingKernels.Gather(y, places, some, asked, _d);
            if (g.Qkv.Floats is not null)
            {
                TensorMemory.Clear(wQuery, (long)_heads.ProjectionWidth * _d);
                AddWeightGradient(wQuery, dQueries, width, some, _d, asked);
                AddWeightGradient(wOthers, dKeyValues, others, y, _d, n);
                HeadOrder.AddJoined(wQuery, wOthers, g.Qkv.Floats, _heads, _d);
            }
            if (g.Bias is not null)
            {
                TensorMemory.Clear(ordered.Pointer, _heads.ProjectionWidth);
                BiasKernels.AddGradient(ordered.Pointer, dQueries, asked, width);
                BiasKernels.AddGradient(ordered.Pointer + width, dKeyValues, n, others);
                HeadOrder.AddJoined(ordered.Pointer, ordered.Pointer + width, g.Bias, _heads, 1);
            }
            HeadOrder.Split(w.Qkv.Floats, wQuery, wOthers, _heads, _d);
            MatrixProduct.Multiply(n, _d, others, dKeyValues, others, false, wOthers, _d, false, dy, _d, rounded: Rounded);
            MatrixProduct.Multiply(asked, _d, width, dQueries, width, false, wQuery, _d, false, some, _d, rounded: Rounded);
            EmbeddingKernels.ScatterAdd(some, places, dy, asked, _d);
            // The residual stream has the gradient of the rest of the block at the asked places and none elsewhere.
            EmbeddingKernels.Spread(dx, tape.Places, spread, n, _d);
        }
        NormFirstBackward(w, g, kept, memory, spread, n);
    }

    private void TurnAsked(float* queries, float* keyValues, ForwardTape tape, float direction)
    {
        int n = tape.Batch * tape.Length;
        Turn(keyValues, _heads.Keys, LastLayer, null, n, tape.PositionCount, direction);
        fixed (long* places = tape.Places)
            Turn(queries, _heads.Queries, LastLayer, places, tape.Places!.Length, tape.PositionCount, direction);
    }

    private int LastLayer => config.LayerCount - 1;

    // The queries [asked, query width] stand behind the keys and values of all places.
    private float* QueriesOf(float* keyValues, ForwardTape tape) => keyValues + (long)tape.Batch * tape.Length * _heads.KeyValueWidth;

    private static int[] StartsOf(ForwardTape tape) => Starts(tape.Places, tape.Batch, tape.Length);

    /// <summary>Where each item's places begin among places that ascend, and where the last one's end.</summary>
    private static int[] Starts(ReadOnlySpan<long> places, int batch, int length)
    {
        var starts = new int[batch + 1];
        for (int i = 0; i < places.Length; i++)
            starts[places[i] / length + 1] = i + 1;
        for (int item = 0; item < batch; item++)
            starts[item + 1] = Math.Max(starts[item], starts[item + 1]);
        return starts;
    }
}
