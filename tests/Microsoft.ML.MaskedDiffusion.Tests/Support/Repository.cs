using System.Runtime.CompilerServices;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Where the sources of this repository are.</summary>
internal static class Repository
{
    /// <summary>The folder of the solution: this file lies three folders below it.</summary>
    public static string Root { get; } = Find();

    /// <summary>
    /// The pages that users read, as paths below <see cref="Root"/>: the readme, the packages' pages and the documentation.
    /// </summary>
    public static string[] Pages { get; } =
    [
        "README.md",
        .. Directory.GetFiles(Path.Combine(Root, "src"), "PACKAGE.md", SearchOption.AllDirectories)
            .Append(Path.Combine(Root, "tools", "mdm", "PACKAGE.md"))
            .Concat(Directory.GetFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/')).Order(StringComparer.Ordinal),
    ];

    private static string Find([CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));
}
