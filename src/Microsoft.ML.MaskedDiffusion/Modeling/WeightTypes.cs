using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>The types of tensors in which models hold their matrices.</summary>
internal static class WeightTypes
{
    /// <summary>The type of a network's matrices.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is that of files.</exception>
    public static ScalarType ScalarOf(WeightType type) => type switch
    {
        WeightType.Float32 => ScalarType.Float32,
        WeightType.BFloat16 => ScalarType.BFloat16,
        WeightType.Int8 => ScalarType.Int8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type,
            $"Which numbers {type} stands for depends on a model's files; allowed are Float32, BFloat16 and Int8."),
    };

    /// <summary>What a network's matrices are.</summary>
    public static WeightType Of(TransformerNetwork network) => network.Type switch
    {
        ScalarType.BFloat16 => WeightType.BFloat16,
        ScalarType.Int8 => WeightType.Int8,
        _ => WeightType.Float32,
    };

    /// <summary>Refuses a network of 8-bit weights, from which the numbers that were rounded cannot be had.</summary>
    /// <param name="network">The network.</param>
    /// <param name="remedy">What to do in place of what was asked for, as sentences.</param>
    /// <exception cref="NotSupportedException">It is one.</exception>
    public static void RequireOwn(TransformerNetwork network, string remedy)
    {
        if (network.Type == ScalarType.Int8)
        {
            throw new NotSupportedException($"The weights of the network '{network.Config.Name}' are held in WeightType.Int8, rounded to 8 "
                + $"bits; allowed are Float32 and BFloat16. {remedy}");
        }
    }
}
