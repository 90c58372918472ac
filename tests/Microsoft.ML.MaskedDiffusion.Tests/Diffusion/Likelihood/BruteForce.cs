namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Likelihoods by their definitions, with nothing shared with the library.</summary>
internal static class BruteForce
{
    /// <summary>-log p along one order of revealing the answer; guidance masks the prompt, null for the whole context.</summary>
    public static double Chain(
        ToyEvaluator model, int[] context, int[] answer, IReadOnlyList<int> order, double w = 0, int? prompt = null)
    {
        double sum = 0;
        for (int j = 0; j < order.Count; j++)
        {
            int[] row = [.. context, .. answer.Select((token, i) => order.Take(j).Contains(i) ? token : model.MaskTokenId)];
            int[] free = [.. row.Select((token, i) => i < (prompt ?? context.Length) ? model.MaskTokenId : token)];
            sum -= model.LogProbability(row, free, w, context.Length + order[j], answer[order[j]]);
        }
        return sum;
    }

    /// <summary>The bound: the average over all orders.</summary>
    public static double Bound(ToyEvaluator model, int[] context, int[] answer, double w = 0, int? prompt = null) =>
        Orders([.. Enumerable.Range(0, answer.Length)]).Average(order => Chain(model, context, answer, order, w, prompt));

    /// <summary>
    /// The bound again, as the integral over the level t of the expected loss / t, by Simpson's rule: polynomials in t of degree below 16.
    /// </summary>
    public static double Integral(ToyEvaluator model, int[] context, int[] answer)
    {
        const int Intervals = 2000;
        var losses = new List<(int Hidden, double Loss)>();
        for (int bits = 1; bits < 1 << answer.Length; bits++)
        {
            int[] row = [.. context, .. answer.Select((token, i) => (bits >> i & 1) == 1 ? model.MaskTokenId : token)];
            double loss = Enumerable.Range(0, answer.Length).Where(i => (bits >> i & 1) == 1)
                .Sum(i => -model.LogProbability(row, row, 0, context.Length + i, answer[i]));
            losses.Add((int.PopCount(bits), loss));
        }
        double At(double t) => losses.Sum(x => Math.Pow(t, x.Hidden - 1) * Math.Pow(1 - t, answer.Length - x.Hidden) * x.Loss);
        double sum = At(0) + At(1);
        for (int i = 1; i < Intervals; i++)
            sum += (i % 2 == 1 ? 4 : 2) * At((double)i / Intervals);
        return sum / (3 * Intervals);
    }

    public static IEnumerable<int[]> Orders(int[] items)
    {
        if (items.Length <= 1)
            return [items];
        return items.SelectMany(first => Orders([.. items.Where(item => item != first)]).Select(rest => (int[])[first, .. rest]));
    }

    /// <summary>All answers of a length over the model's vocabulary.</summary>
    public static IEnumerable<int[]> Answers(int vocabulary, int length) =>
        length == 0 ? [[]] : Answers(vocabulary, length - 1)
        .SelectMany(start => Enumerable.Range(0, vocabulary).Select(token => (int[])[.. start, token]));
}
