namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

/// <summary>Finds where stop strings end a text.</summary>
internal sealed class StopScanner(IReadOnlyList<string> stops)
{
    /// <summary>Where the first stop string begins, or -1. Of two that begin together either gives the same place.</summary>
    public int Find(string text)
    {
        int first = -1;
        foreach (string stop in stops)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (first < 0 || at < first))
                first = at;
        }
        return first;
    }

    /// <summary>How much of a text cannot become part of a stop string when it goes on.</summary>
    public int SafeLength(string text)
    {
        int safe = text.Length;
        foreach (string stop in stops)
        {
            for (int length = Math.Min(stop.Length - 1, text.Length); length > text.Length - safe; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    safe = text.Length - length;
                    break;
                }
            }
        }
        return safe;
    }
}
