namespace Reproduce.Experiments.Steps;

/// <summary>Sums of two numbers of n digits, such as "17+25=042": any digit of them can be told from the others.</summary>
internal sealed class SumLanguage : Language
{
    // Digits, plus and equals.
    private const int Letters = 12, MostDigits = 3;

    public override string Name => "sums";

    public override int[] Lengths { get; } = [.. Enumerable.Range(1, MostDigits).Select(digits => (3 * digits) + 3)];

    // Masked diffusion rarely sees both numbers without their sum, and hardly learns to add from random weights in so short a time.
    public override double WarmStart => 0.4;

    public override string Draw(int length, Random random)
    {
        int digits = Digits(length), end = (int)Math.Pow(10, digits), first = random.Next(end), second = random.Next(end);
        return $"{Padded(first, digits)}+{Padded(second, digits)}={Padded(first + second, digits + 1)}";
    }

    public override bool IsPossible(string text)
    {
        int digits = Digits(text.Length);
        if (digits < 1 || text.Length != (3 * digits) + 3 || text[digits] != '+' || text[(2 * digits) + 1] != '=')
            return false;
        string first = text[..digits], second = text[(digits + 1)..((2 * digits) + 1)], sum = text[((2 * digits) + 2)..];
        return (first + second + sum).All(char.IsAsciiDigit) && int.Parse(first) + int.Parse(second) == int.Parse(sum);
    }

    public override double NegativeLogLikelihood(string text)
    {
        double truth = IsPossible(text) ? Math.Pow(10, -2 * Digits(text.Length)) : 0;
        return -Math.Log(((1 - Chance) * truth) + (Chance * Math.Pow(Letters, -text.Length)));
    }

    private static int Digits(int length) => (length - 3) / 3;

    private static string Padded(int number, int digits) => number.ToString().PadLeft(digits, '0');
}
