namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>
/// How much work the renderings of a template may be together, so that no template takes all time or memory. A step costs 1, and so do
/// eight characters or items that are made or looked through; a pass of a loop, which has variables of its own, costs 16.
/// </summary>
internal sealed class JinjaBudget(JinjaErrors errors)
{
    /// <summary>The most characters or items of one value.</summary>
    public const int MostLength = 1 << 20;

    /// <summary>The most passes of a loop, and the most numbers of a range.</summary>
    public const int MostPasses = 10_000;

    private const int MostSteps = 5_000_000;
    private const int LengthOfStep = 8;
    private const int StepsOfPass = 16;

    private long _left = MostSteps;

    /// <summary>Pays for a step.</summary>
    public void Step(int line) => Take(line, 1);

    /// <summary>Pays for a value of so many characters or items before it is made or read.</summary>
    public void Length(int line, long length)
    {
        if (length > MostLength)
            throw errors.Bad(line, $"it makes a value of more than {MostLength} characters or items");
        Take(line, 1 + (length / LengthOfStep));
    }

    /// <summary>Pays for a loop or a range before it is made.</summary>
    public void Passes(int line, double count)
    {
        if (count > MostPasses)
            throw errors.Bad(line, $"it loops through more than {MostPasses} items");
        Take(line, 1 + ((long)count * StepsOfPass));
    }

    private void Take(int line, long cost)
    {
        _left -= cost;
        if (_left < 0)
            throw errors.Bad(line, $"it takes more than {MostSteps} steps");
    }
}
