namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>What a disk, or its rights, refuse.</summary>
internal static class DiskError
{
    public static bool Is(Exception error) => error is IOException or UnauthorizedAccessException;
}
