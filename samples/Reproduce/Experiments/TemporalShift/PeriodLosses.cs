using Reproduce.Results;

namespace Reproduce.Experiments.TemporalShift;

/// <summary>A test text: the first period is that of the training, the others follow it.</summary>
internal sealed record TestText(string Package, int Period, string Text);

/// <summary>
/// A model's loss in each period, with bootstraps over packages: all texts of a package are drawn together, because its authors write alike
/// and update after update. The same draws for all models, so that differences of models are of the same texts.
/// </summary>
internal sealed class PeriodLosses
{
    private readonly double[][] _resampled;

    /// <param name="periods">The number of periods.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="nats">The model's negative log-likelihood of each text.</param>
    /// <param name="units">What it is divided by for each text: tokens, or bytes.</param>
    /// <param name="resamples">The number of draws.</param>
    /// <param name="seed">The seed of the draws.</param>
    public PeriodLosses(
        int periods, IReadOnlyList<TestText> texts, IReadOnlyList<double> nats, IReadOnlyList<int> units, int resamples, int seed)
    {
        string[] packages = [.. texts.Select(text => text.Package).Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, int> indexes = packages.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        var sums = new (double Nats, double Units)[packages.Length, periods];
        for (int i = 0; i < texts.Count; i++)
        {
            ref (double Nats, double Units) sum = ref sums[indexes[texts[i].Package], texts[i].Period];
            sum = (sum.Nats + nats[i], sum.Units + units[i]);
        }
        All = Losses([.. Enumerable.Range(0, packages.Length)]);
        var random = new Random(seed);
        _resampled =
        [
            .. Enumerable.Range(0, resamples)
                .Select(_ => Losses([.. Enumerable.Range(0, packages.Length).Select(_ => random.Next(packages.Length))])),
        ];

        // The loss of each period, then that of all later ones together.
        double[] Losses(int[] drawn)
        {
            var own = new (double Nats, double Units)[periods + 1];
            foreach (int package in drawn)
            {
                for (int period = 0; period < periods; period++)
                {
                    (double packageNats, double packageUnits) = sums[package, period];
                    own[period] = (own[period].Nats + packageNats, own[period].Units + packageUnits);
                    if (period > 0)
                        own[periods] = (own[periods].Nats + packageNats, own[periods].Units + packageUnits);
                }
            }
            return [.. own.Select(sum => sum.Nats / sum.Units)];
        }
    }

    /// <summary>The loss of each period; the last figure is that of all later periods together.</summary>
    public IReadOnlyList<double> All { get; }

    /// <summary>A period's loss.</summary>
    public Interval Loss(int period) => Of(this, this, (losses, _) => losses[period]);

    /// <summary>How much larger the loss of a period is than that of the training's.</summary>
    public Interval Growth(int period) => Of(this, this, (losses, _) => losses[period] - losses[0]);

    /// <summary>By how much a period's loss is above another model's.</summary>
    public Interval Above(PeriodLosses other, int period) => Of(this, other, (one, two) => one[period] - two[period]);

    /// <summary>By how much the loss grows more than another model's.</summary>
    public Interval GrowthAbove(PeriodLosses other, int period) =>
        Of(this, other, (one, two) => one[period] - one[0] - (two[period] - two[0]));

    // A draw of packages of which none has a text of some period says nothing of it.
    private static Interval Of(PeriodLosses one, PeriodLosses other, Func<IReadOnlyList<double>, IReadOnlyList<double>, double> figure) =>
        Interval.OfResampled(figure(one.All, other.All), one._resampled.Zip(other._resampled, figure).Where(double.IsFinite));
}
