using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// Softmax attention of queries over <see cref="KeyValuePanels"/>, for several rows of different lengths. A query's result has the bits of
/// <see cref="AttentionKernels"/> on the same keys and values.
/// </summary>
internal static unsafe class PanelAttentionKernels
{
    /// <summary>
    /// Writes the keys and values of the parts' rows. The keys are <paramref name="heads"/> in rows of <paramref name="keys"/>, each
    /// followed by its value; row i is position <paramref name="positions"/>[i].
    /// </summary>
    public static void Write(float* keys, HeadRows heads, long* positions, AttentionPart[] parts)
    {
        long rows = parts.Sum(part => (long)part.Count);
        int stride = heads.RowStride;
        Run(parts.Length * heads.Count, rows * heads.Count * heads.Size, task =>
        {
            AttentionPart part = parts[task / heads.Count];
            int head = task % heads.Count;
            part.Panels.Write(
                head, keys + (long)part.First * stride + heads.Offset(head), stride,
                new ReadOnlySpan<long>(positions + part.First, part.Count));
        });
    }

    /// <summary>
    /// Writes the mixed values [rows, heads, size] of the parts' rows, whose queries are <paramref name="heads"/> in rows of
    /// <paramref name="query"/>; heads of a group attend the same keys and values. Row i is position <paramref name="positions"/>[i].
    /// </summary>
    public static void Forward(
        float* query, HeadRows heads, float* y, long* positions, AttentionPart[] parts, AttentionReach reach, bool rounded)
    {
        var blocks = new List<AttentionPart>();
        long work = 0;
        int count = heads.Count, size = heads.Size, width = count * size;
        foreach (AttentionPart part in parts)
        {
            int rows = AttentionKernels.QueryRows(part.Keys);
            for (int first = 0; first < part.Count; first += rows)
                blocks.Add(part with { First = part.First + first, Count = Math.Min(rows, part.Count - first) });
            work += (long)part.Count * part.Keys * width;
        }
        Run(blocks.Count * count, work, task =>
        {
            AttentionPart block = blocks[task / count];
            int head = task % count, stride = heads.RowStride;
            float* q = query + (long)block.First * stride + heads.Offset(head), to = y + (long)block.First * width + head * size;
            long* at = positions + block.First;
            if (Vector512.IsHardwareAccelerated)
                Block<MatrixKernel512>(block, head / heads.PerGroup, q, stride, to, width, at, size, reach, rounded);
            else
                Block<MatrixKernel256>(block, head / heads.PerGroup, q, stride, to, width, at, size, reach, rounded);
        });
    }

    private static void Run(int tasks, long work, Action<int> body)
    {
        if (work >= MatrixProduct.SmallWork)
        {
            Workers.Run(tasks, body);
            return;
        }
        for (int task = 0; task < tasks; task++)
            body(task);
    }

    private static void Block<TKernel>(
        AttentionPart block, int group, float* query, long stride, float* y, long strideY, long* positions, int size, AttentionReach reach,
        bool rounded)
        where TKernel : struct, IMatrixKernel
    {
        reach = reach with { Blocks = block.Blocks ?? reach.Blocks };
        int count = block.Count, width = TKernel.Columns, start = reach.Start(positions[0]);
        int end = reach.End(positions[count - 1], block.Keys), keys = end - start, room = (keys + width - 1) / width * width;
        float* scores = Scratch.Floats(2, (long)count * room), panels = block.Panels.Keys(group) + (long)start * size;
        float scale = AttentionKernels.Scale(size);
        for (int i = 0; i < count; i += TKernel.Rows)
            for (int depth = 0; depth < size; depth += MatrixProduct.Depth)
                for (int key = 0; key < keys; key += width)
                    TKernel.Multiply(
                        (byte*)(query + i * stride + depth), (nint)stride * sizeof(float), sizeof(float),
                        panels + (long)key * size + (long)depth * width, scores + (long)i * room + key, room,
                        Math.Min(MatrixProduct.Depth, size - depth), Math.Min(TKernel.Rows, count - i), depth > 0);
        for (int i = 0; i < count; i++)
            AttentionKernels.Softmax(scores + (long)i * room, reach, positions[i], start, block.Keys, keys, scale);
        if (rounded)
            BFloat16Kernels.Round(scores, scores, (long)count * room);
        Mix<TKernel>(block.Panels, group, scores, room, start, keys, count, y, strideY, size);
    }

    // y = scores values, in blocks of keys as MatrixProduct takes them; the scores begin with those of key start.
    private static void Mix<TKernel>(
        KeyValuePanels panels, int group, float* scores, int room, int start, int keys, int count, float* y, long strideY, int size)
        where TKernel : struct, IMatrixKernel
    {
        int width = TKernel.Columns;
        float* values = panels.Values(group) + (long)start * width, edge = stackalloc float[width * TKernel.Rows];
        for (int depth = 0; depth < keys; depth += MatrixProduct.Depth)
        {
            int steps = Math.Min(MatrixProduct.Depth, keys - depth);
            for (int i = 0; i < count; i += TKernel.Rows)
            {
                int rows = Math.Min(TKernel.Rows, count - i);
                byte* a = (byte*)(scores + (long)i * room + depth);
                for (int c = 0; c < size; c += width)
                {
                    int have = Math.Min(width, size - c);
                    float* b = values + (long)c * panels.Capacity + (long)depth * width, to = y + i * strideY + c;
                    if (have == width)
                    {
                        TKernel.Multiply(a, room * sizeof(float), sizeof(float), b, to, (nint)strideY, steps, rows, depth > 0);
                        continue;
                    }
                    TKernel.Multiply(a, room * sizeof(float), sizeof(float), b, edge, width, steps, rows, add: false);
                    MatrixProduct.Store(edge, width, to, strideY, rows, have, add: depth > 0);
                }
            }
        }
    }
}

/// <summary>Rows of queries of one sequence, from <paramref name="First"/> on, and what they attend.</summary>
/// <param name="Panels">The sequence's keys and values.</param>
/// <param name="First">The first row.</param>
/// <param name="Count">Number of rows.</param>
/// <param name="Keys">Keys that they attend, from position 0.</param>
/// <param name="Blocks">The blocks of its positions; null for those of the reach, if it has any.</param>
internal readonly record struct AttentionPart(KeyValuePanels Panels, int First, int Count, int Keys, AttentionBlocks? Blocks = null);
