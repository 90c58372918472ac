namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>
/// Cosines and sines of position * theta_i, theta_i = base^(-2i/h), as [length, h / 2]. Everything is computed in 32 bits, as the
/// published checkpoints were trained: exact angles would turn some bfloat16 entries by one step.
/// </summary>
internal sealed class RotaryTable
{
    /// <param name="length">Positions of the table.</param>
    /// <param name="headSize">Width h of a head.</param>
    /// <param name="precision">Whether entries are rounded.</param>
    /// <param name="rotaryBase">The base of the angles.</param>
    /// <param name="scaling">How the angles are stretched; null: not at all.</param>
    public RotaryTable(
        int length, int headSize, RotaryPrecision precision, double rotaryBase = 10000, RotaryScaling? scaling = null)
    {
        int half = headSize / 2;
        Length = length;
        Half = half;
        Cosines = new float[(long)length * half];
        Sines = new float[(long)length * half];
        for (int i = 0; i < half; i++)
        {
            float theta = Scaled(1f / (float)Math.Pow(rotaryBase, (float)(2 * i) / headSize), scaling);
            for (int position = 0; position < length; position++)
            {
                float angle = position * theta;
                Cosines[position * half + i] = Round((float)Math.Cos(angle), precision);
                Sines[position * half + i] = Round((float)Math.Sin(angle), precision);
            }
        }
    }

    /// <summary>The table of a network's blocks that see all positions, or of those that see near ones.</summary>
    public static RotaryTable Of(TransformerConfig config, bool isLocal = false) => new(
        config.ContextLength, config.HeadSize, config.RotaryPrecision,
        isLocal ? config.LocalAttention!.RotaryBase : config.RotaryBase, config.RotaryScaling);

    public int Length { get; }

    public int Half { get; }

    public float[] Cosines { get; }

    public float[] Sines { get; }

    private static float Scaled(float theta, RotaryScaling? scaling)
    {
        if (scaling is null)
            return theta;
        double wave = 2 * Math.PI / theta, original = scaling.OriginalContextLength;
        if (wave < original / scaling.HighFrequencyFactor)
            return theta;
        if (wave > original / scaling.LowFrequencyFactor)
            return (float)(theta / scaling.Factor);
        double kept = (original / wave - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return (float)((1 - kept) * theta / scaling.Factor + kept * theta);
    }

    // Rounds to bfloat16, to nearest, ties to even; all values are finite.
    private static float Round(float value, RotaryPrecision precision)
    {
        if (precision == RotaryPrecision.Float32)
            return value;
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }
}
