using System.Runtime.CompilerServices;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Where the sources of this repository are.</summary>
internal static class Repository
{
    /// <summary>The folder of the solution: this file lies three folders below it.</summary>
    public static string Root { get; } = Find();

    private static string Find([CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));
}
