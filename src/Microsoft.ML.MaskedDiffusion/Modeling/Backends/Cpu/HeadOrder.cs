using System.Numerics.Tensors;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// The rows of the fused projection [projection, k], which stand group by group (queries, key, value), apart: the queries' [queries, k],
/// and the keys' and values' [keys and values, k], still group by group. The bias is a matrix of one column.
/// </summary>
internal static unsafe class HeadOrder
{
    private delegate void Piece<T>(T* fused, T* apart, int count)
        where T : unmanaged;

    /// <summary>A network's heads.</summary>
    public static HeadLayout LayoutOf(TransformerConfig config) => new(config.HeadCount, config.KeyValueHeadCount, config.HeadSize);

    /// <summary>Copies the fused matrix's rows to the two others.</summary>
    public static void Split<T>(T* fused, T* queries, T* others, HeadLayout layout, int k)
        where T : unmanaged =>
        ForPieces(fused, queries, others, layout, k, (from, to, count) => new ReadOnlySpan<T>(from, count).CopyTo(new Span<T>(to, count)));

    /// <summary>Adds the two matrices' rows to those of the fused one.</summary>
    public static void AddJoined(float* queries, float* others, float* fused, HeadLayout layout, int k) =>
        ForPieces(fused, queries, others, layout, k, (to, from, count) =>
        {
            var sum = new Span<float>(to, count);
            TensorPrimitives.Add(sum, new ReadOnlySpan<float>(from, count), sum);
        });

    // The rows of each group in the fused matrix with theirs in the others.
    private static void ForPieces<T>(T* fused, T* queries, T* others, HeadLayout layout, int k, Piece<T> piece)
        where T : unmanaged
    {
        int own = layout.Share * layout.Size * k, rest = 2 * layout.Size * k;
        for (int group = 0; group < layout.Groups; group++, queries += own, others += rest, fused += own + rest)
        {
            piece(fused, queries, own);
            piece(fused + own, others, rest);
        }
    }
}
