namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>
/// Cosines and sines of position * theta_i, theta_i = 10000^(-2i/h), as [length, h / 2]. Everything is computed in 32 bits, as the
/// published checkpoints were trained: exact angles would turn some bfloat16 entries by one step.
/// </summary>
internal sealed class RotaryTable
{
    private const double Base = 10000;

    public RotaryTable(int length, int headSize, RotaryPrecision precision)
    {
        int half = headSize / 2;
        Length = length;
        Half = half;
        Cosines = new float[(long)length * half];
        Sines = new float[(long)length * half];
        for (int i = 0; i < half; i++)
        {
            float theta = 1f / (float)Math.Pow(Base, (float)(2 * i) / headSize);
            for (int position = 0; position < length; position++)
            {
                float angle = position * theta;
                Cosines[position * half + i] = Round((float)Math.Cos(angle), precision);
                Sines[position * half + i] = Round((float)Math.Sin(angle), precision);
            }
        }
    }

    public int Length { get; }

    public int Half { get; }

    public float[] Cosines { get; }

    public float[] Sines { get; }

    // Rounds to bfloat16, to nearest, ties to even; all values are finite.
    private static float Round(float value, RotaryPrecision precision)
    {
        if (precision == RotaryPrecision.Float32)
            return value;
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }
}
