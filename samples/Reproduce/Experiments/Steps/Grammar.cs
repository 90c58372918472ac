namespace Reproduce.Experiments.Steps;

/// <summary>
/// A regular grammar with probabilities: a state walks over a ring of states, of which each has some successors, and says one of its own
/// letters at each step. Which letters may follow each other is all there is to it, so it is known exactly how likely each text is, and
/// most sequences of letters are impossible.
/// </summary>
internal sealed class Grammar
{
    // Impossible texts would have an infinite perplexity, so the truth that measures has this share of chance in it.
    private const double Chance = 1e-3;

    private const int States = 8, Successors = 2, LettersOfState = 2, Letters = States * LettersOfState;

    private readonly double[,] _moves = new double[States, States], _says = new double[States, LettersOfState];

    /// <param name="random">Makes the grammar.</param>
    public Grammar(Random random)
    {
        for (int state = 0; state < States; state++)
        {
            int[] successors = [.. Enumerable.Range(0, States)];
            random.Shuffle(successors);
            double[] moves = Weights(Successors, random), says = Weights(LettersOfState, random);
            for (int i = 0; i < Successors; i++)
                _moves[state, successors[i]] = moves[i];
            for (int i = 0; i < LettersOfState; i++)
                _says[state, i] = says[i];
        }
    }

    /// <summary>A text of letters from "a" on.</summary>
    public string Draw(int length, Random random)
    {
        int state = random.Next(States);
        return string.Create(length, 0, (letters, _) =>
        {
            for (int i = 0; i < letters.Length; i++)
            {
                letters[i] = (char)('a' + (state * LettersOfState) + Pick(_says, state, LettersOfState, random));
                state = Pick(_moves, state, States, random);
            }
        });
    }

    /// <summary>Whether the grammar has the text.</summary>
    public bool IsPossible(string text) => double.IsFinite(NegativeLogLikelihood(text, chance: 0));

    /// <summary>-log p in nats, with a little chance so that it is finite.</summary>
    public double NegativeLogLikelihood(string text) => NegativeLogLikelihood(text, Chance);

    // A letter that is none of the grammar's takes the place of the last state.
    private double NegativeLogLikelihood(string text, double chance)
    {
        double nats = 0;
        int? before = null;
        foreach (char letter in text)
        {
            int index = letter - 'a';
            if (index is < 0 or >= Letters)
            {
                nats -= Math.Log(chance / Letters);
                before = null;
                continue;
            }
            int state = index / LettersOfState;
            double moved = before is { } last ? _moves[last, state] : 1.0 / States;
            nats -= Math.Log(((1 - chance) * moved * _says[state, index % LettersOfState]) + (chance / Letters));
            before = state;
        }
        return nats;
    }

    private static double[] Weights(int count, Random random)
    {
        double[] weights = [.. Enumerable.Range(0, count).Select(_ => 0.5 + random.NextDouble())];
        return [.. weights.Select(weight => weight / weights.Sum())];
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
