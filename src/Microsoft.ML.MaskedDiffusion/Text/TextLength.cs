using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text;

/// <summary>Lengths of text by which scores are normalized.</summary>
internal static class TextLength
{
    /// <summary>Number of Unicode code points, as in lm-evaluation-harness's acc_norm.</summary>
    public static int Characters(string text) => text.EnumerateRunes().Count();

    /// <summary>Number of UTF-8 bytes, as in lm-evaluation-harness's acc_bytes.</summary>
    public static int Bytes(string text) => Encoding.UTF8.GetByteCount(text);
}
