using System.Reflection;

namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>The version of this library, which it writes into its files, so that an older one can say which version reads them.</summary>
internal static class LibraryVersion
{
    /// <summary>The version of this library, with the build it comes from.</summary>
    public static string Current { get; } =
        typeof(LibraryVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>The version alone, so that what two builds of it write is the same.</summary>
    public static string Release { get; } = ReleaseOf(Current);

    /// <summary>What to do about a file that cannot be read and that may come from a later version.</summary>
    /// <param name="writer">The version that wrote the file; null where the file does not say.</param>
    public static string Remedy(string? writer) => writer is null || ReleaseOf(writer) == Release
        ? "Load it with the version that wrote it."
        : $"Version {ReleaseOf(writer)} of the library wrote it, and this is version {Release}: load it with that version.";

    private static string ReleaseOf(string version) => version.Split('+')[0];
}
