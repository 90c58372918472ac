using System.IO.Compression;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Writes files as changelogs are installed.</summary>
internal static class ChangelogFile
{
    /// <summary>A text, compressed by gzip.</summary>
    public static void Write(string path, string text, Encoding? encoding = null)
    {
        using FileStream file = File.Create(path);
        using var compressed = new GZipStream(file, CompressionLevel.Fastest);
        compressed.Write((encoding ?? Encoding.UTF8).GetBytes(text));
    }
}
