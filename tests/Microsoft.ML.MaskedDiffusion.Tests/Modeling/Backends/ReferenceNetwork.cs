
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
        double[] unknown = [.. Enumerable.Repeat(double.NaN, config.KeyValueHeadCount * config.HeadSize)];
        return [.. Enumerable.Range(0, config.LayerCount).Select(_ => Enumerable.Repeat((unknown, unknown), capacity).ToArray())];
    }

    /// <summary>
    /// The states at some positions of a sequence, whose keys and values go to the cache first, and which attend the first keys and values
    /// that are in it then.
    /// </summary>
    public double[][] Hidden(int[] tokens, int[] positions, int keyCount, (double[] Key, double[] Value)[][] cache)
    {
        int d = config.EmbeddingSize, size = config.HeadSize, share = config.HeadCount / config.KeyValueHeadCount;
        double[] embedding = weights["transformer.wte.weight"];
        double[][] x = [.. tokens.Select(token => embedding[(token * d)..((token + 1) * d)])];
        if (config.HasEmbeddingNorm)
            x = [.. x.Select(row => Norm(row, weights["transformer.wte.norm.weight"]))];
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            string prefix = $"transformer.h.{layer}.";
            double[] W(string name) => weights[$"{prefix}{name}.weight"];
            double[][] normed = layer == 0 && config.HasEmbeddingNorm ? x : [.. x.Select(row => Norm(row, W("norm_1")))];
            double[][] qkv = [.. normed.Select(row => Times(W("attn.attn"), row))];
            if (config.HasAttentionBias)
                qkv = [.. qkv.Select(row => Sum(row, weights[prefix + "attn.attn.bias"]))];
            double[][] mixed = [.. x.Select(_ => new double[config.QuerySize])];
            // Part p of a group: its queries, its key, its value.
            double[] Part(int row, int group, int part)
            {
                int from = (group * (share + 2) + part) * size;
                double[] z = qkv[row][from..(from + size)];
                if (part == share + 1)
                    return z;
                if (config.HasQueryKeyNorm)
                    z = RootMeanSquareNorm(z, W(part == share ? "attn.norm_k" : "attn.norm_q"));
                return Turn(z, positions[row], layer);
            }
            double[] OfGroups(int row, int part) =>
                [.. Enumerable.Range(0, config.KeyValueHeadCount).SelectMany(group => Part(row, group, part))];
            for (int i = 0; i < x.Length; i++)
                cache[layer][positions[i]] = (OfGroups(i, share), OfGroups(i, share + 1));
            for (int i = 0; i < x.Length; i++)
            {
                int[] seen = [.. Enumerable.Range(0, keyCount).Where(key => Sees(layer, positions[i], key))];
                for (int head = 0; head < config.HeadCount; head++)
                {
                    int group = head / share, first = group * size;
                    double[] query = Part(i, group, head % share);
                    double[] scores = [.. seen
                        .Select(j => Math.Exp(Dot(query, cache[layer][j].Key[first..(first + size)]) / Math.Sqrt(size)))];
                    double sum = scores.Sum();
                    for (int j = 0; j < seen.Length; j++)
                        for (int c = 0; c < size; c++)
                            mixed[i][head * size + c] += scores[j] / sum * cache[layer][seen[j]].Value[first + c];
                }
            }
            x = [.. x.Select((row, i) => Sum(row, Times(W("attn.proj"), mixed[i])))];
            x = [.. x.Select(row =>
            {
                double[] inner = Norm(row, W("norm_2"));
                double[] gate = Times(W("mlp.swiglu.w1"), inner), up = Times(W("mlp.swiglu.w2"), inner);
                return Sum(row, Times(W("mlp.swiglu.w3"), [.. gate.Select((a, c) => Activation(a) * up[c])]));
            })];
        }
        double[][] states = [.. x.Select(row => Norm(row, weights["transformer.ln_f.weight"]))];
        if (!config.HasPredictionHead)
            return states;
        return [.. states.Select(row =>
            Norm([.. Times(weights["lm_head.dense.weight"], row).Select(Gelu)], weights["lm_head.norm.weight"]))];
    }

    /// <summary>The logits of one sequence, [length][V]; with shifted logits those that predict each place.</summary>
    public double[][] Logits(int[] tokens)
    {
        int d = config.EmbeddingSize;
        double[] head = weights[config.TiesEmbeddings ? "transformer.wte.weight" : "lm_head.weight"][..(config.VocabularySize * d)];
        double[][] logits = [.. Hidden(tokens).Select(row => Times(head, row))];
        if (config.HasPredictionHead)
            logits = [.. logits.Select(row => Sum(row, weights["lm_head.bias"]))];
        return config.ShiftsLogits ? [logits[0], .. logits[..^1]] : logits;
    }

    private bool Sees(int layer, int position, int key) =>
        (!config.Autoregressive || key <= position)
        && (config.AttentionBlockSize is not { } size || key / size <= position / size)
        && (!config.IsLocal(layer) || Math.Abs(position - key) <= config.LocalAttention!.Radius);

    private double Activation(double x) => config.Activation == GateActivation.Gelu ? Gelu(x) : x / (1 + Math.Exp(-x));

    // The normal distribution's share below x is the integral of its density, by Simpson's rule.
    private static double Gelu(double x)
    {
        const int Steps = 400;
        double step = x / Steps, sum = 0;
        for (int i = 0; i <= Steps; i++)
            sum += (i is 0 or Steps ? 1 : i % 2 == 1 ? 4 : 2) * Math.Exp(-i * step * i * step / 2);
        return x * (0.5 + sum * step / 3 / Math.Sqrt(2 * Math.PI));
    }

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
        double mean = config.Norm == NormKind.Layer ? row.Average() : 0;
        return RootMeanSquareNorm([.. row.Select(v => v - mean)], gain);
    }

    private double[] RootMeanSquareNorm(double[] row, double[] gain)
    {
        double root = Math.Sqrt(row.Sum(v => v * v) / row.Length + config.NormEpsilon);
        return [.. row.Select((v, i) => v / root * gain[i])];
    }

    private double[] Turn(double[] z, int position, int layer)
    {
        int half = z.Length / 2;
        var result = new double[z.Length];
        double rotaryBase = config.IsLocal(layer) ? config.LocalAttention!.RotaryBase : config.RotaryBase;
        for (int i = 0; i < half; i++)
        {
            double angle = position * Scaled(Math.Pow(rotaryBase, -2.0 * i / z.Length)), cos = Math.Cos(angle), sin = Math.Sin(angle);
            if (config.RotaryPrecision == RotaryPrecision.BFloat16)
                (cos, sin) = (ToBFloat16(cos), ToBFloat16(sin));
            result[i] = z[i] * cos - z[i + half] * sin;
            result[i + half] = z[i] * sin + z[i + half] * cos;
        }
        return result;
    }

    // How often a wave turns within the first context decides how much of the stretching it gets: all, none, or a share between.
    private double Scaled(double theta)
    {
        if (config.RotaryScaling is not { } scaling)
            return theta;
        double turns = scaling.OriginalContextLength * theta / (2 * Math.PI);
        double low = scaling.LowFrequencyFactor, high = scaling.HighFrequencyFactor;
        double kept = Math.Clamp((turns - low) / (high - low), 0, 1);
        return theta * (kept + (1 - kept) / scaling.Factor);
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
