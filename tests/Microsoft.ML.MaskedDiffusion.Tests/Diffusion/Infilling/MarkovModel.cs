using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A perfect model of a Markov chain that begins in its own stationary distribution: what it says of a masked position is the exact
/// probability, given everything else that a row has. Tokens are the letters from a on, by the ids of a tokenizer of bytes.
/// </summary>
internal sealed class MarkovModel : IRowEvaluator
{
    private readonly double[,] _next;
    private readonly double[] _stationary;
    private readonly int _firstId;

    /// <param name="states">The number of letters.</param>
    /// <param name="seed">Seed of the chain.</param>
    public MarkovModel(int states, int seed)
    {
        var random = new Random(seed);
        _firstId = TokenizerSource.Bytes().Known!.Encode("a").Single();
        _next = new double[states, states];
        for (int i = 0; i < states; i++)
        {
            double[] weights = [.. Enumerable.Range(0, states).Select(_ => Math.Exp(2.5 * random.NextDouble()) - 0.9)];
            for (int j = 0; j < states; j++)
                _next[i, j] = weights[j] / weights.Sum();
        }
        _stationary = new double[states];
        Array.Fill(_stationary, 1.0 / states);
        for (int i = 0; i < 500; i++)
            _stationary = Step(_stationary);
    }

    public int VocabularySize => 257;

    public int MaskTokenId => 257;

    public int ContextLength => 64;

    /// <summary>Rows of every call, in order.</summary>
    public List<int[]> Seen { get; } = [];

    /// <summary>log p of a text in which a question mark is any letter.</summary>
    public double LogProbability(string text)
    {
        double[] state = _stationary;
        for (int i = 0; i < text.Length; i++)
        {
            state = i == 0 ? [.. state] : Step(state);
            for (int letter = 0; letter < state.Length; letter++)
                state[letter] *= text[i] == '?' || text[i] == 'a' + letter ? 1 : 0;
        }
        return Math.Log(state.Sum());
    }

    /// <summary>A text drawn from the chain.</summary>
    public string Draw(Random random, int length)
    {
        string text = "";
        while (text.Length < length)
        {
            string before = text;
            double[] letters = [.. Enumerable.Range(0, _stationary.Length).Select(i => LogProbability(before + (char)('a' + i)))];
            double draw = random.NextDouble() * letters.Sum(Math.Exp);
            int letter = 0;
            while (letter + 1 < letters.Length && (draw -= Math.Exp(letters[letter])) > 0)
                letter++;
            text += (char)('a' + letter);
        }
        return text;
    }

    public void LogProbabilities(RowBatch batch, Span<double> destination)
    {
        Seen.AddRange(batch.Rows);
        for (int i = 0; i < batch.QueryCount; i++)
        {
            string row = TextOf(batch.Rows[(int)(batch.Indices[i] / batch.Length)]);
            int position = (int)(batch.Indices[i] % batch.Length);
            string asked = row[..position] + (char)('a' + (int)batch.Targets[i] - _firstId) + row[(position + 1)..];
            destination[i] = LogProbability(asked) - LogProbability(row);
        }
    }

    public void ReadLogits(RowBatch batch, LogitReader reader)
    {
        for (int i = 0; i < batch.QueryCount; i++)
        {
            var logits = new float[VocabularySize];
            Array.Fill(logits, float.NegativeInfinity);
            double[] letters = Letters(TextOf(batch.Rows[(int)(batch.Indices[i] / batch.Length)]), (int)(batch.Indices[i] % batch.Length));
            for (int letter = 0; letter < letters.Length; letter++)
                logits[_firstId + letter] = (float)letters[letter];
            reader(i, logits);
        }
    }

    /// <summary>log p of each letter at a place of a text, given the rest.</summary>
    public double[] Letters(string text, int place) => [.. Enumerable.Range(0, _stationary.Length).Select(letter =>
        LogProbability($"{text[..place]}{(char)('a' + letter)}{text[(place + 1)..]}") - LogProbability(text))];

    private string TextOf(int[] row) => new([.. row.Select(id => id == MaskTokenId ? '?' : (char)('a' + id - _firstId))]);

    private double[] Step(double[] state)
    {
        var next = new double[state.Length];
        for (int i = 0; i < state.Length; i++)
        {
            for (int j = 0; j < state.Length; j++)
                next[j] += state[i] * _next[i, j];
        }
        return next;
    }
}
