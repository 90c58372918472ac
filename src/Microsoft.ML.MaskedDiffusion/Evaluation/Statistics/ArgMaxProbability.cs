namespace Microsoft.ML.MaskedDiffusion.Evaluation.Statistics;

/// <summary>
/// The probability that an option has the largest value when every estimate is drawn anew. Estimate i is taken as normal with mean x_i
/// (what was measured) and standard deviation s_i (its standard error), all independent, so P(g wins) = ∫ φ(z) Π_{j≠g} Φ((x_g + s_g z -
/// x_j) / s_j) dz. Options that share their random numbers have positively correlated noise, for which this overstates the chance of a
/// flip.
/// </summary>
internal static class ArgMaxProbability
{
    // Beyond 9 standard deviations a normal distribution holds less than 1e-18.
    private const double Reach = 9;
    private const int Intervals = 512;

    public static double Of(int winner, ReadOnlySpan<double> values, ReadOnlySpan<double> errors)
    {
        double low = -Reach;
        for (int i = 0; i < values.Length; i++)
        {
            if (i == winner || errors[i] > 0)
                continue;
            // Exact rivals are a bound on the winner; between two exact ones the first of equals wins, as everywhere.
            if (errors[winner] > 0)
                low = Math.Max(low, (values[i] - values[winner]) / errors[winner]);
            else if (values[i] > values[winner] || (values[i] == values[winner] && i < winner))
                return 0;
        }
        if (errors[winner] == 0)
            return RivalsBelow(0, winner, values, errors);
        return low >= Reach ? 0 : Integrate(low, winner, values, errors);
    }

    private static double Integrate(double low, int winner, ReadOnlySpan<double> values, ReadOnlySpan<double> errors)
    {
        // Simpson's rule.
        double step = (Reach - low) / Intervals, sum = 0;
        for (int i = 0; i <= Intervals; i++)
        {
            double z = low + i * step;
            sum += (i is 0 or Intervals ? 1 : i % 2 == 1 ? 4 : 2) * NormalDistribution.Density(z) * RivalsBelow(z, winner, values, errors);
        }
        return Math.Clamp(sum * step / 3, 0, 1);
    }

    private static double RivalsBelow(double z, int winner, ReadOnlySpan<double> values, ReadOnlySpan<double> errors)
    {
        double product = 1, value = values[winner] + errors[winner] * z;
        for (int i = 0; i < values.Length; i++)
        {
            if (i != winner && errors[i] > 0)
                product *= NormalDistribution.Cumulative((value - values[i]) / errors[i]);
        }
        return product;
    }
}
