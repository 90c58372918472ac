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

    /// <summary>Whether a file was written by another version than this one; false where it does not say.</summary>
    public static bool IsOther(string? writer) => writer is not null && ReleaseOf(writer) != Release;

    /// <summary>What to do about a file that cannot be read and that may come from a later version.</summary>
    /// <param name="writer">The version that wrote the file; null where the file does not say.</param>
    public static string Remedy(string? writer) => IsOther(writer)
        ? $"Version {ReleaseOf(writer!)} of the library wrote it, and this is version {Release}: load it with that version."
        : "Load it with the version that wrote it.";

    private static string ReleaseOf(string version) => version.Split('+')[0];
}
