using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text;

/// <summary>The lengths that scores are divided by.</summary>
internal static class TextLength
{
    /// <summary>Unicode code points, as Python counts: lm-evaluation-harness's acc_norm.</summary>
    public static int Characters(string text) => text.EnumerateRunes().Count();

    /// <summary>Bytes in UTF-8: its acc_bytes.</summary>
    public static int Bytes(string text) => Encoding.UTF8.GetByteCount(text);
}
