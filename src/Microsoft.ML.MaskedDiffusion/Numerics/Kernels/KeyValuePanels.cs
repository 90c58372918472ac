using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// One row's keys and values in one layer, laid out as the matrix kernels read them, so that attention packs nothing: for each head of keys
/// panels of <see cref="MatrixProduct.PanelWidth"/> keys, [size, width], and panels of as many of the values' numbers, [capacity, width].
/// A position can be written at any time, again too.
/// </summary>
internal readonly unsafe struct KeyValuePanels(float* memory, int capacity, int heads, int size)
{
    /// <summary>Positions that there is room for.</summary>
    public int Capacity { get; } = capacity;

    /// <summary>Floats that the panels take.</summary>
    public static long Size(int capacity, int heads, int size) => heads * (KeySize(capacity, size) + ValueSize(capacity, size));

    /// <summary>A head's panels of keys.</summary>
    public float* Keys(int head) => memory + head * KeySize(Capacity, size);

    /// <summary>A head's panels of values.</summary>
    public float* Values(int head) => memory + heads * KeySize(Capacity, size) + head * ValueSize(Capacity, size);

    /// <summary>
    /// Writes a head's keys and values at the positions, which ascend. Rows of <paramref name="key"/> are <paramref name="stride"/> floats
    /// apart, and each key is followed by its value.
    /// </summary>
    public void Write(int head, float* key, long stride, ReadOnlySpan<long> positions)
    {
        int width = MatrixProduct.PanelWidth;
        float* keys = Keys(head), values = Values(head);
        for (int i = 0; i < positions.Length; i++)
        {
            long position = positions[i], lane = position % width;
            float* from = key + i * stride, panel = keys + (position - lane) * size;
            if (lane == 0 && i + width <= positions.Length && positions[i + width - 1] == position + width - 1)
            {
                MatrixPacking.Transpose(from, stride, width, size, panel, width);
                for (int row = 0; row < width; row++)
                    WriteValue(values, from + row * stride + size, position + row);
                i += width - 1;
                continue;
            }
            for (int c = 0; c < size; c++)
                panel[(long)c * width + lane] = from[c];
            WriteValue(values, from + size, position);
        }
    }

    private static long KeySize(int capacity, int size) => (long)MatrixProduct.WholePanels(capacity) * size;

    private static long ValueSize(int capacity, int size) => (long)MatrixProduct.WholePanels(size) * capacity;

    private void WriteValue(float* values, float* value, long position)
    {
        int width = MatrixProduct.PanelWidth;
        for (int c = 0; c < size; c += width)
            MatrixPacking.Copy(value + c, 0, 1, Math.Min(width, size - c), values + (long)c * Capacity + position * width, width);
    }
}
