namespace Reproduce.Experiments.Steps;

/// <summary>
/// A language whose truth is known: a hidden state walks over a ring of states and says a letter at each step. Most sequences of letters
/// are impossible, and how likely the others are is computed exactly.
/// </summary>
internal sealed class HiddenMarkovLanguage
{
    private const int States = 8, Letters = 12, Successors = 2, LettersOfState = 3;

    // Impossible sequences would have an infinite perplexity, so the truth that measures has this share of chance in it.
    private const double Chance = 1e-3;

    private readonly double[,] _moves = new double[States, States], _says = new double[States, Letters];

    /// <param name="random">Makes the language.</param>
    public HiddenMarkovLanguage(Random random)
    {
        for (int state = 0; state < States; state++)
        {
            Fill(_moves, state, States, Successors, random);
            Fill(_says, state, Letters, LettersOfState, random);
        }
    }

    /// <summary>A sequence of letters from "a" on.</summary>
    public string Draw(int length, Random random)
    {
        int state = random.Next(States);
        return string.Create(length, 0, (letters, _) =>
        {
            for (int i = 0; i < letters.Length; i++)
            {
                letters[i] = (char)('a' + Pick(_says, state, Letters, random));
                state = Pick(_moves, state, States, random);
            }
        });
    }

    /// <summary>Whether the language has the sequence.</summary>
    public bool IsPossible(string text) => double.IsFinite(NegativeLogLikelihood(text, chance: 0));

    /// <summary>-log p in nats, by the forward algorithm, with a little chance so that it is finite.</summary>
    public double NegativeLogLikelihood(string text) => NegativeLogLikelihood(text, Chance);

    private double NegativeLogLikelihood(string text, double chance)
    {
        double[] belief = [.. Enumerable.Repeat(1.0 / States, States)];
        double nats = 0;
        foreach (char letter in text)
        {
            int said = letter - 'a';
            for (int state = 0; state < States; state++)
                belief[state] *= said is >= 0 and < Letters ? Mixed(_says[state, said], Letters, chance) : chance / byte.MaxValue;
            double sum = belief.Sum();
            if (sum == 0)
                return double.PositiveInfinity;
            nats -= Math.Log(sum);
            var next = new double[States];
            for (int state = 0; state < States; state++)
            {
                for (int after = 0; after < States; after++)
                    next[after] += belief[state] / sum * Mixed(_moves[state, after], States, chance);
            }
            belief = next;
        }
        return nats;
    }

    private static double Mixed(double probability, int count, double chance) => (1 - chance) * probability + chance / count;

    // Some of the choices of a row, with unlike probabilities.
    private static void Fill(double[,] table, int row, int count, int chosen, Random random)
    {
        int[] choices = [.. Enumerable.Range(0, count)];
        random.Shuffle(choices);
        double[] weights = [.. Enumerable.Range(0, chosen).Select(_ => 0.5 + random.NextDouble())];
        for (int i = 0; i < chosen; i++)
            table[row, choices[i]] = weights[i] / weights.Sum();
    }

    private static int Pick(double[,] table, int row, int count, Random random)
    {
        double left = random.NextDouble();
        int last = 0;
        for (int i = 0; i < count; i++)
        {
            if (table[row, i] == 0)
                continue;
            last = i;
            left -= table[row, i];
            if (left < 0)
                break;
        }
        return last;
    }
}
