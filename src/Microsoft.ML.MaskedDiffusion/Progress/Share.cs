namespace Microsoft.ML.MaskedDiffusion.Progress;

/// <summary>The one way a percentage is computed.</summary>
internal static class Share
{
    /// <summary>How much is done, 0 to 100; null where the whole is not known or is nothing.</summary>
    public static double? Percent(long done, long? total) => total is > 0 and { } all ? Math.Min(100, 100.0 * done / all) : null;
}
