using System.IO.Compression;
using System.Text;

namespace DocumentationDemo.Baselines;

/// <summary>The size of text after general-purpose compression.</summary>
internal static class BrotliSize
{
    /// <summary>Bits per byte of Brotli at its highest quality (11, window 24) on all texts as one stream, one line each.</summary>
    public static double BitsPerByte(IEnumerable<string> texts)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Join('\n', texts));
        var compressed = new byte[BrotliEncoder.GetMaxCompressedLength(bytes.Length)];
        return BrotliEncoder.TryCompress(bytes, compressed, out var written, quality: 11, window: 24)
            ? 8.0 * written / bytes.Length
            : throw new InvalidOperationException("Brotli did not fit into its own upper bound.");
    }
}
