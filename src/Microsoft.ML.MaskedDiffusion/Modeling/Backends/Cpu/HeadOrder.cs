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

    // Each row of the fused matrix with its row in one of the others.
    private static void ForPieces<T>(T* fused, T* queries, T* others, HeadLayout layout, int k, Piece<T> piece)
        where T : unmanaged
    {
        int queryRows = layout.Share * layout.Size, otherRows = 2 * layout.Size;
        for (int group = 0; group < layout.Groups; group++)
        {
            for (int i = 0; i < queryRows; i++, fused += k, queries += k)
                piece(fused, queries, k);
            for (int i = 0; i < otherRows; i++, fused += k, others += k)
                piece(fused, others, k);
        }
    }
}
