namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>Sums, products and the order of values.</summary>
internal static class JinjaArithmetic
{
    /// <summary>The result of an operator between two values.</summary>
    public static object Of(JinjaRun run, int line, string sign, object? left, object? right)
    {
        switch (left, right)
        {
            case (string one, string two) when sign == "+":
                run.Budget.Length(line, (long)one.Length + two.Length);
                return one + two;
            case (List<object?> one, List<object?> two) when sign == "+":
                run.Budget.Length(line, (long)one.Count + two.Count);
                return new List<object?>([.. one, .. two]);
        }
        try
        {
            if (sign != "/" && JinjaValues.AsWhole(left) is { } a && JinjaValues.AsWhole(right) is { } b)
                return OfWholes(run, line, sign, a, b);
        }
        catch (OverflowException)
        {
            throw run.Errors.Bad(line, $"the result of '{sign}' is too large a number");
        }
        if (JinjaValues.AsNumber(left) is { } x && JinjaValues.AsNumber(right) is { } y)
            return OfNumbers(run, line, sign, x, y);
        throw run.Errors.Bad(line, $"'{sign}' stands between {JinjaValues.KindOf(left)} and {JinjaValues.KindOf(right)}");
    }

    /// <summary>Whether a comparison of order holds.</summary>
    public static bool IsInOrder(JinjaRun run, int line, string sign, object? left, object? right)
    {
        int order;
        if (left is string one && right is string two)
        {
            run.Observer.Measured(one, "its place in the alphabet", line);
            run.Observer.Measured(two, "its place in the alphabet", line);
            order = string.CompareOrdinal(one, two);
        }
        else if (JinjaValues.AsNumber(left) is { } a && JinjaValues.AsNumber(right) is { } b)
            order = a.CompareTo(b);
        else
            throw run.Errors.Bad(line, $"'{sign}' stands between {JinjaValues.KindOf(left)} and {JinjaValues.KindOf(right)}");
        return sign switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }

    // Division and remainder are Python's, which round down.
    private static long OfWholes(JinjaRun run, int line, string sign, long left, long right)
    {
        if (sign is "//" or "%" && right == 0)
            throw run.Errors.Bad(line, $"'{sign}' divides by 0");
        return checked(sign switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "//" => (left / right) - (left % right != 0 && left < 0 != right < 0 ? 1 : 0),
            _ => right == -1 ? 0 : ((left % right) + right) % right,
        });
    }

    private static double OfNumbers(JinjaRun run, int line, string sign, double left, double right)
    {
        if (sign == "/" && right == 0)
            throw run.Errors.Bad(line, "'/' divides by 0");
        return sign switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left / right,
            _ => throw run.Errors.Unsupported(line, $"'{sign}' of numbers with a fraction"),
        };
    }
}
