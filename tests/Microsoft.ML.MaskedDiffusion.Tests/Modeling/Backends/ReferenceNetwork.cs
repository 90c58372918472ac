
namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The network once more, in plain loops of double precision, straight from the definition.</summary>
internal sealed class ReferenceNetwork(TransformerConfig config, IReadOnlyDictionary<string, double[]> weights)
{
    /// <summary>The states after the final norm of one sequence, [length][d].</summary>
    public double[][] Hidden(int[] tokens) =>
        Hidden(tokens, [.. Enumerable.Range(0, tokens.Length)], tokens.Length, NewCache(tokens.Length));

    /// <summary>A cache of keys and values that are all unknown: [layer][position], NaN.</summary>
    public (double[] Key, double[] Value)[][] NewCache(int capacity)
    {
        double[] unknown = [.. Enumerable.Repeat(double.NaN, config.EmbeddingSize)];
        return [.. Enumerable.Range(0, config.LayerCount).Select(_ => Enumerable.Repeat((unknown, unknown), capacity).ToArray())];
    }

    /// <summary>
    /// The states at some positions of a sequence, whose keys and values go to the cache first, and which attend the first keys and values
    /// that are in it then.
    /// </summary>
    public double[][] Hidden(int[] tokens, int[] positions, int keyCount, (double[] Key, double[] Value)[][] cache)
    {
        int d = config.EmbeddingSize, heads = config.HeadCount, size = d / heads;
        double[] embedding = weights["transformer.wte.weight"];
        double[][] x = [.. tokens.Select(token => embedding[(token * d)..((token + 1) * d)])];
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            double[] W(string name) => weights[$"transformer.h.{layer}.{name}.weight"];
            double[][] qkv = [.. x.Select(row => Times(W("attn.attn"), Norm(row, W("norm_1"))))];
            double[][] mixed = [.. x.Select(_ => new double[d])];
            double[] Part(int row, int part) => [.. Enumerable.Range(0, heads).SelectMany(head =>
            {
                double[] z = qkv[row][((head * 3 + part) * size)..((head * 3 + part + 1) * size)];
                return part == 2 ? z : Turn(z, positions[row]);
            })];
            for (int i = 0; i < x.Length; i++)
                cache[layer][positions[i]] = (Part(i, 1), Part(i, 2));
            for (int i = 0; i < x.Length; i++)
            {
                double[] query = Part(i, 0);
                int seen = config.Autoregressive ? positions[i] + 1 : keyCount;
                for (int from = 0; from < d; from += size)
                {
                    double[] Head(double[] all) => all[from..(from + size)];
                    double[] scores = [.. Enumerable.Range(0, seen)
                        .Select(j => Math.Exp(Dot(Head(query), Head(cache[layer][j].Key)) / Math.Sqrt(size)))];
                    double sum = scores.Sum();
                    for (int j = 0; j < seen; j++)
                        for (int c = from; c < from + size; c++)
                            mixed[i][c] += scores[j] / sum * cache[layer][j].Value[c];
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
