
namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The network once more, in plain loops of double precision, straight from the definition.</summary>
internal sealed class ReferenceNetwork(TransformerConfig config, IReadOnlyDictionary<string, double[]> weights)
{
    /// <summary>The states after the final norm of one sequence, [length][d].</summary>
    public double[][] Hidden(int[] tokens)
    {
        int d = config.EmbeddingSize, heads = config.HeadCount, size = d / heads;
        double[] embedding = weights["transformer.wte.weight"];
        double[][] x = [.. tokens.Select(token => embedding[(token * d)..((token + 1) * d)])];
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            double[] W(string name) => weights[$"transformer.h.{layer}.{name}.weight"];
            double[][] qkv = [.. x.Select(row => Times(W("attn.attn"), Norm(row, W("norm_1"))))];
            double[][] mixed = [.. x.Select(_ => new double[d])];
            for (int head = 0; head < heads; head++)
            {
                double[][] Part(int part, bool turned) => [.. qkv.Select((row, position) =>
                {
                    double[] z = row[((head * 3 + part) * size)..((head * 3 + part + 1) * size)];
                    return turned ? Turn(z, position) : z;
                })];
                double[][] query = Part(0, true), key = Part(1, true), value = Part(2, false);
                for (int i = 0; i < x.Length; i++)
                {
                    int seen = config.Autoregressive ? i + 1 : x.Length;
                    double[] scores = [.. Enumerable.Range(0, seen).Select(j => Math.Exp(Dot(query[i], key[j]) / Math.Sqrt(size)))];
                    double sum = scores.Sum();
                    for (int j = 0; j < seen; j++)
                        for (int c = 0; c < size; c++)
                            mixed[i][head * size + c] += scores[j] / sum * value[j][c];
                }
            }
            x = [.. x.Select((row, i) => Sum(row, Times(W("attn.proj"), mixed[i])))];
            x = [.. x.Select(row =>
            {
                double[] normed = Norm(row, W("norm_2"));
                double[] gate = Times(W("mlp.swiglu.w1"), normed), up = Times(W("mlp.swiglu.w2"), normed);
                return Sum(row, Times(W("mlp.swiglu.w3"), [.. gate.Select((a, c) => a / (1 + Math.Exp(-a)) * up[c])]));
            })];
        }
        return [.. x.Select(row => Norm(row, weights["transformer.ln_f.weight"]))];
    }

    /// <summary>The logits of one sequence, [length][V].</summary>
    public double[][] Logits(int[] tokens) => [.. Hidden(tokens).Select(row => Times(weights["lm_head.weight"], row))];

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

    private static double[] Times(double[] matrix, double[] vector)
    {
        var result = new double[matrix.Length / vector.Length];
        for (int i = 0; i < result.Length; i++)
            for (int j = 0; j < vector.Length; j++)
                result[i] += matrix[i * vector.Length + j] * vector[j];
        return result;
    }

    private double[] Norm(double[] row, double[] gain)
    {
        double root = Math.Sqrt(row.Sum(v => v * v) / row.Length + config.NormEpsilon);
        return [.. row.Select((v, i) => v / root * gain[i])];
    }

    private double[] Turn(double[] z, int position)
    {
        int half = z.Length / 2;
        var result = new double[z.Length];
        for (int i = 0; i < half; i++)
        {
            double angle = position * Math.Pow(10000, -2.0 * i / z.Length), cos = Math.Cos(angle), sin = Math.Sin(angle);
            if (config.RotaryPrecision == RotaryPrecision.BFloat16)
                (cos, sin) = (ToBFloat16(cos), ToBFloat16(sin));
            result[i] = z[i] * cos - z[i + half] * sin;
            result[i + half] = z[i] * sin + z[i + half] * cos;
        }
        return result;
    }

    // Eight significant bits, to nearest, ties to even.
    private static double ToBFloat16(double value)
    {
        if (value == 0)
            return 0;
        double unit = Math.ScaleB(1, Math.ILogB(value) - 7);
        return Math.Round(value / unit, MidpointRounding.ToEven) * unit;
    }
}
