using Microsoft.ML.Runtime;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The warnings in ML.NET's log.</summary>
internal static class Warnings
{
    /// <summary>What a context warns of from now on.</summary>
    public static List<string> Of(MLContext ml)
    {
        List<string> warnings = [];
        ml.Log += (_, line) =>
        {
            if (line.Kind == ChannelMessageKind.Warning)
                warnings.Add(line.RawMessage);
        };
        return warnings;
    }
}
