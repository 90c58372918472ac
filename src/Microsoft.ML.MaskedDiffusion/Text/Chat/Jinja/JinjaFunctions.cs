namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>The functions that transformers gives to a template.</summary>
internal static class JinjaFunctions
{
    private static readonly string[] Names = ["namespace", "raise_exception", "range", "strftime_now"];

    /// <summary>The function of a name, or a value that says that there is none.</summary>
    public static object Find(string name) => Names.Contains(name) ? new JinjaFunction(name) : new JinjaUndefined(name);

    /// <summary>The result of a function.</summary>
    /// <exception cref="JinjaRaisedException">It was raise_exception.</exception>
    public static object Call(string name, JinjaInputs inputs)
    {
        switch (name)
        {
            case "raise_exception":
                throw new JinjaRaisedException(TextExcerpt.Of(inputs.AtMost(1).Written(inputs[0])));
            case "namespace":
                return Namespace(inputs);
            case "range":
                return Range(inputs.AtMost(3));
        }
        throw inputs.Run.Errors.Bad(inputs.Line, $"{inputs.Name} is not supported: it writes today's date into prompts, so that no parts "
            + "of text could be those of the template");
    }

    private static JinjaNamespace Namespace(JinjaInputs inputs)
    {
        if (inputs.Positional.Count > 0)
            throw inputs.Run.Errors.Unsupported(inputs.Line, $"{inputs.Name} of a value without a name");
        var values = new JinjaNamespace();
        foreach ((string name, object? value) in inputs.Named)
            values.Values[name] = value;
        return values;
    }

    private static List<object?> Range(JinjaInputs inputs)
    {
        long start = inputs.Positional.Count > 1 ? inputs.Whole(0) : 0;
        long end = inputs.Whole(inputs.Positional.Count > 1 ? 1 : 0);
        long step = inputs.Positional.Count > 2 ? inputs.Whole(2) : 1;
        if (step == 0)
            throw inputs.Bad("has a step of 0");
        // As numbers with a fraction, the difference of two whole numbers cannot overflow.
        double count = Math.Max(0, Math.Ceiling(((double)end - start) / step));
        inputs.Run.Budget.Passes(inputs.Line, count);
        var items = new List<object?>((int)count);
        for (long value = start; items.Count < (int)count; value += step)
            items.Add(value);
        return items;
    }
}
