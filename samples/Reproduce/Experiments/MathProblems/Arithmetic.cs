using System.Text.Json;

namespace Reproduce.Experiments.MathProblems;

/// <summary>
/// Word problems with two steps of arithmetic on three small numbers, written as lines of GSM8K's files. The numbers of a test problem, in
/// their order, are those of no training problem, whatever its story.
/// </summary>
internal sealed class Arithmetic
{
    private const int Least = 2, Most = 6;

    private static readonly string[] Names = ["Ann", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gina", "Hal"];
    private static readonly string[] Things = ["pens", "cards", "shells", "coins", "stamps", "apples"];

    private readonly (int A, int B, int C)[] _training, _test;

    /// <param name="testShare">The share of number triples that only the test has.</param>
    /// <param name="random">Chooses which ones.</param>
    public Arithmetic(double testShare, Random random)
    {
        (int A, int B, int C)[] all =
        [
            .. from a in Enumerable.Range(Least, Most - Least + 1)
               from b in Enumerable.Range(Least, Most - Least + 1)
               from c in Enumerable.Range(Least, Most - Least + 1)
               // No story may end below zero.
               where c < a + b
               select (a, b, c),
        ];
        random.Shuffle(all);
        int test = (int)Math.Ceiling(testShare * all.Length);
        (_test, _training) = (all[..test], all[test..]);
    }

    /// <summary>A problem to train on.</summary>
    public string TrainingLine(Random random) => Line(_training, random);

    /// <summary>A problem to test with.</summary>
    public string TestLine(Random random) => Line(_test, random);

    private static string Line((int A, int B, int C)[] triples, Random random)
    {
        (int a, int b, int c) = triples[random.Next(triples.Length)];
        (string name, string things) = (Names[random.Next(Names.Length)], Things[random.Next(Things.Length)]);
        (string question, string first, string second, int answer) = random.Next(3) switch
        {
            0 => ($"{name} has {a} {things}, finds {b} more and loses {c}. How many are left?",
                $"{a}+{b}={a + b}", $"{a + b}-{c}={a + b - c}", a + b - c),
            1 => ($"{name} has {a} {things}, buys {b} and then {c} more. How many are there?",
                $"{a}+{b}={a + b}", $"{a + b}+{c}={a + b + c}", a + b + c),
            _ => ($"{name} has {a} bags with {b} {things} each, and {c} more. How many are there?",
                $"{a}*{b}={a * b}", $"{a * b}+{c}={(a * b) + c}", (a * b) + c),
        };
        return JsonSerializer.Serialize(new { question, answer = $"{first}\n{second}\n#### {answer}" });
    }
}
