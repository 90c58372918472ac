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
                QueriesOf(kept, tape), kept.Qkv, kept.Mixed, kept.LogSums, places, StartsOf(tape), tape.Length, _heads, _size, IsCausal,
                Rounded);
        }
        RoundAll(kept.Mixed, (long)asked * _d);
        ContinueAsked(w, kept, tape);
    }

    private void ContinueAsked(LayerWeights w, LayerTape kept, ForwardTape tape)
    {
        int asked = tape.Places!.Length;
        fixed (long* places = tape.Places)
            EmbeddingKernels.Gather(kept.Input, places, kept.Middle, asked, _d);
        AddTo(kept.Middle, kept.Mixed, _d, w.Projection, kept.Middle, asked);
    }

    // Keys and values of all places and queries of the asked ones, turned by their positions.
    private void ProjectAsked(LayerWeights w, LayerTape kept, float* normed, ForwardTape tape)
    {
        int n = tape.Batch * tape.Length, asked = tape.Places!.Length;
        using PooledBuffer ordered = pool.Rent(3L * _d * _d), gathered = pool.Rent((long)asked * _d);
        float* wQuery = ordered.Pointer, wOthers = wQuery + (long)_d * _d, queries = QueriesOf(kept, tape);
        HeadOrder.Split(w.Qkv, wQuery, wOthers, _heads, _d);
        NormKernels.Forward(kept.Input, w.Norm1, config.NormEpsilon, normed, kept.Scale1, n, _d);
        MatrixProduct.Multiply(n, 2 * _d, _d, normed, _d, false, wOthers, _d, true, kept.Qkv, 2 * _d, rounded: Rounded);
        fixed (long* places = tape.Places)
            EmbeddingKernels.Gather(normed, places, gathered.Pointer, asked, _d);
        MatrixProduct.Multiply(asked, _d, _d, gathered.Pointer, _d, false, wQuery, _d, true, queries, _d, rounded: Rounded);
        TurnAsked(queries, kept.Qkv, tape, 1);
        RoundAll(kept.Qkv, (2L * n + asked) * _d);
    }

    // The attention of a block from the gradient of its result on, which is in the memory's DNormed [asked, d].
    private void AttendAskedBackward(LayerWeights w, LayerWeights g, LayerTape kept, BackwardMemory memory, ForwardTape tape)
    {
        int n = tape.Batch * tape.Length, asked = tape.Places!.Length;
        float* dx = memory.DStream, y = memory.Normed, dy = memory.DNormed, dKeyValues = memory.DQkv, dQueries = dKeyValues + 2L * n * _d;
        using PooledBuffer ordered = pool.Rent(3L * _d * _d), gathered = pool.Rent((long)asked * _d);
        float* wQuery = ordered.Pointer, wOthers = wQuery + (long)_d * _d, some = gathered.Pointer;
        fixed (long* places = tape.Places)
        {
            AttentionKernels.BackwardAt(
                QueriesOf(kept, tape), kept.Qkv, kept.Mixed, kept.LogSums, dy, dQueries, dKeyValues, places, StartsOf(tape), tape.Length,
                _heads, _size, IsCausal, Rounded);
            TurnAsked(dQueries, dKeyValues, tape, -1);
            NormKernels.Apply(kept.Input, w.Norm1, kept.Scale1, y, n, _d);
            EmbeddingKernels.Gather(y, places, some, asked, _d);
            if (g.Qkv is not null)
            {
                new Span<float>(wQuery, 3 * _d * _d).Clear();
                AddWeightGradient(wQuery, dQueries, _d, some, _d, asked);
                AddWeightGradient(wOthers, dKeyValues, 2 * _d, y, _d, n);
                HeadOrder.AddJoined(wQuery, wOthers, g.Qkv, _heads, _d);
            }
            HeadOrder.Split(w.Qkv, wQuery, wOthers, _heads, _d);
            MatrixProduct.Multiply(n, _d, 2 * _d, dKeyValues, 2 * _d, false, wOthers, _d, false, dy, _d, rounded: Rounded);
            MatrixProduct.Multiply(asked, _d, _d, dQueries, _d, false, wQuery, _d, false, some, _d, rounded: Rounded);
            EmbeddingKernels.ScatterAdd(some, places, dy, asked, _d);
            // The residual stream has the gradient of the rest of the block at the asked places and none elsewhere.
            EmbeddingKernels.Spread(dx, tape.Places, y, n, _d);
        }
        NormKernels.Backward(kept.Input, w.Norm1, kept.Scale1, dy, y, dx, memory.Wanted(g.Norm1), n, _d);
    }

    private void TurnAsked(float* queries, float* keyValues, ForwardTape tape, float direction)
    {
        int n = tape.Batch * tape.Length;
        fixed (float* cos = rotary.Cosines, sin = rotary.Sines)
        fixed (long* places = tape.Places)
        {
            RotaryKernels.TurnPart(keyValues, 2 * _d, 2 * _size, cos, sin, null, n, tape.Length, _heads, _size, direction);
            RotaryKernels.TurnPart(queries, _d, _size, cos, sin, places, tape.Places!.Length, tape.Length, _heads, _size, direction);
        }
    }

    // The queries [asked, d] stand behind the keys and values of all places.
    private float* QueriesOf(LayerTape kept, ForwardTape tape) => kept.Qkv + 2L * tape.Batch * tape.Length * _d;

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
