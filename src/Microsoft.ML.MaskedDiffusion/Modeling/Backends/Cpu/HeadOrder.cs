using System.Numerics.Tensors;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// The rows of the fused projection [3d, d], which stand head by head (queries, keys, values), apart: the queries' [d, d], and the keys'
/// and values' [2d, d], still head by head.
/// </summary>
internal static unsafe class HeadOrder
{
    /// <summary>Copies the fused matrix's rows to the two others.</summary>
    public static void Split(float* fused, float* queries, float* others, int heads, int d)
    {
        int part = d / heads * d;
        for (int head = 0; head < heads; head++, fused += 3L * part, queries += part, others += 2L * part)
        {
            new ReadOnlySpan<float>(fused, part).CopyTo(new Span<float>(queries, part));
            new ReadOnlySpan<float>(fused + part, 2 * part).CopyTo(new Span<float>(others, 2 * part));
        }
    }

    /// <summary>Adds the two matrices' rows to those of the fused one.</summary>
    public static void AddJoined(float* queries, float* others, float* fused, int heads, int d)
    {
        int part = d / heads * d;
        for (int head = 0; head < heads; head++, fused += 3L * part, queries += part, others += 2L * part)
        {
            Add(queries, fused, part);
            Add(others, fused + part, 2 * part);
        }
    }

    private static void Add(float* from, float* to, int count)
    {
        var sum = new Span<float>(to, count);
        TensorPrimitives.Add(sum, new ReadOnlySpan<float>(from, count), sum);
    }
}
