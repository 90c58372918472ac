using System.Collections.Concurrent;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The perfect masked diffusion model of a random distribution over all texts of <see cref="Length"/> tokens: its predictions are the exact
/// conditional probabilities, so that every order of filling one position after the other draws from that distribution.
/// </summary>
internal sealed class JointModel : IRowEvaluator
{
    private readonly double[] _probabilities;
    private readonly ConcurrentDictionary<string, double[]> _conditionals = new();

    public JointModel(int vocabulary, int length, int seed = 5)
    {
        (VocabularySize, Length) = (vocabulary, length);
        var random = new Random(seed);
        _probabilities = new double[(int)Math.Pow(vocabulary, length)];
        // Squares of uniform draws: probabilities of different sizes, none too small for a test by counts.
        for (int i = 0; i < _probabilities.Length; i++)
            _probabilities[i] = 0.1 + Math.Pow(random.NextDouble(), 2);
        double sum = _probabilities.Sum();
        for (int i = 0; i < _probabilities.Length; i++)
            _probabilities[i] /= sum;
    }

    public int VocabularySize { get; }

    public int Length { get; }

    public int MaskTokenId => VocabularySize;

    public int ContextLength => Length;

    public IReadOnlyList<double> Probabilities => _probabilities;

    public int IndexOf(int[] text) => text.Aggregate(0, (index, token) => index * VocabularySize + token);

    public double[] Conditional(int[] row, int position) =>
        _conditionals.GetOrAdd(string.Join(',', row) + "/" + position, _ => Compute(row, position));

    public void LogProbabilities(RowBatch batch, Span<double> destination) => throw new NotSupportedException();

    public void ReadLogits(RowBatch batch, LogitReader reader)
    {
        for (int i = 0; i < batch.QueryCount; i++)
        {
            int[] row = batch.Rows[(int)(batch.Indices[i] / batch.Length)];
            reader(i, [.. Conditional(row, (int)(batch.Indices[i] % batch.Length)).Select(p => (float)Math.Log(p))]);
        }
    }

    private double[] Compute(int[] row, int position)
    {
        var sums = new double[VocabularySize];
        for (int index = 0; index < _probabilities.Length; index++)
        {
            int token = 0;
            bool agrees = true;
            for (int i = Length - 1, rest = index; i >= 0; i--, rest /= VocabularySize)
            {
                int digit = rest % VocabularySize;
                token = i == position ? digit : token;
                agrees &= i == position || row[i] == MaskTokenId || row[i] == digit;
            }
            if (agrees)
                sums[token] += _probabilities[index];
        }
        double total = sums.Sum();
        return [.. sums.Select(sum => sum / total)];
    }
}
