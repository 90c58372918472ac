using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A network of real size whose weights are a formula, so that its figures can be checked without a file.</summary>
internal static class FormulaNetwork
{
    private static readonly (string Part, float Amplitude)[] Amplitudes =
        [("lm_head", 0.15f), ("wte", 1), ("attn.attn", 0.14f), ("attn.proj", 0.07f), ("w1", 0.1f), ("w2", 0.1f), ("w3", 0.05f)];

    /// <summary>
    /// Element j of the i-th parameter (from 1) comes from the upper 24 bits k of splitmix64(i 2^40 + j): (k / 2^23 - 1) times an
    /// amplitude, or 0.5 + k / 2^24 for gains.
    /// </summary>
    public static TransformerNetwork Create(TransformerConfig config)
    {
        var network = new TransformerNetwork(config, CPU);
        ulong index = 0;
        foreach ((string name, Parameter parameter) in network.Parameters)
        {
            float amplitude = parameter.dim() == 1 ? 0
                : Amplitudes.First(item => name.Contains(item.Part, StringComparison.Ordinal)).Amplitude;
            ulong first = ++index << 40;
            Span<float> values = TensorMemory.FloatSpan(parameter);
            for (int j = 0; j < values.Length; j++)
            {
                long k = (long)(SplitMix(first + (ulong)j) >> 40);
                values[j] = amplitude == 0 ? 0.5f + (float)k / (1 << 24) : (float)((k - (1 << 23)) / (double)(1 << 23)) * amplitude;
            }
        }
        return network;
    }

    /// <summary>The preset that the reference computed, with its formula weights.</summary>
    public static TransformerNetwork Create(bool autoregressive) =>
        Create(TransformerConfig.FromPreset("6M") with { RotaryPrecision = RotaryPrecision.BFloat16, Autoregressive = autoregressive });

    /// <summary>A number of a stream, 0 up to but not 1, of 24 bits.</summary>
    public static double Uniform(ulong stream, int position) => Draw(stream, position) / (double)(1 << 24);

    /// <summary>512 tokens of 32000, about half of them masked unless the network is autoregressive.</summary>
    public static long[] Tokens(bool autoregressive) =>
        [.. Enumerable.Range(0, 512).Select(t => !autoregressive && Draw(1001, t) < 1 << 23 ? 32000L : (long)(Draw(1000, t) % 32000))];

    private static ulong Draw(ulong stream, int position) => SplitMix((stream << 40) + (ulong)position) >> 40;

    private static ulong SplitMix(ulong x)
    {
        ulong z = x + 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
