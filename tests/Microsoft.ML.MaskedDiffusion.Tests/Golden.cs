namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The reference implementation's figures, in the folder that the environment variable MDM_GOLDEN names.</summary>
internal static class Golden
{
    private static int _skipped;

    /// <summary>The folder; where there is none the calling test ends inconclusive, which is printed and counted.</summary>
    public static string RequireFolder()
    {
        string? folder = Environment.GetEnvironmentVariable("MDM_GOLDEN");
        if (!string.IsNullOrEmpty(folder) && Directory.Exists(folder))
            return folder;
        int count = Interlocked.Increment(ref _skipped);
        Assert.Inconclusive($"Skipped ({count} so far): MDM_GOLDEN does not name the folder of golden figures.");
        throw new InvalidOperationException();
    }
}
