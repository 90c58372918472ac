namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>The filters of the language that templates of conversations use.</summary>
internal static class JinjaFilters
{
    private static readonly string[] Names =
    [
        "capitalize", "count", "d", "default", "first", "join", "last", "length", "list", "lower", "replace", "safe", "string", "tojson",
        "trim", "upper",
    ];

    /// <summary>The result of a filter.</summary>
    /// <param name="name">The filter's name.</param>
    /// <param name="value">What it is applied to.</param>
    /// <param name="inputs">Its arguments.</param>
    public static object? Apply(string name, object? value, JinjaInputs inputs)
    {
        switch (name)
        {
            case "trim":
                string? characters = inputs.AtMost(1).Positional.Count > 0 ? inputs.Text(0) : null;
                return JinjaTexts.Trimmed(inputs, inputs.Written(value), characters, atStart: true, atEnd: true);
            case "length" or "count":
                inputs.AtMost(0);
                return LengthOf(value, inputs);
            case "upper":
                return JinjaTexts.Cased(inputs.AtMost(0), inputs.Written(value), text => text.ToUpperInvariant());
            case "lower":
                return JinjaTexts.Cased(inputs.AtMost(0), inputs.Written(value), text => text.ToLowerInvariant());
            case "capitalize":
                return JinjaTexts.Cased(inputs.AtMost(0), inputs.Written(value), JinjaTexts.Capitalized);
            case "default" or "d":
                return DefaultOf(value, inputs);
            case "join":
                string separator = inputs.AtMost(1).Positional.Count > 0 ? inputs.Text(0) : "";
                return JinjaTexts.Joined(inputs, ItemsOf(value, inputs), separator);
            case "replace":
                return JinjaTexts.Replaced(inputs.AtMost(2), inputs.Written(value), inputs.Text(0), inputs.Text(1));
            case "first":
                return ItemsOf(value, inputs.AtMost(0)) is [var first, ..] ? first : new JinjaUndefined("first");
            case "last":
                return ItemsOf(value, inputs.AtMost(0)) is [.., var last] ? last : new JinjaUndefined("last");
            case "list":
                return new List<object?>(ItemsOf(value, inputs.AtMost(0)));
            case "string" or "safe":
                return inputs.AtMost(0).Written(value);
            case "tojson":
                return JsonOf(value, inputs.AtMost(0));
        }
        throw inputs.Run.Errors.Unsupported(inputs.Line, inputs.Name, Names);
    }

    /// <summary>The number of items of a list or dictionary, or of a text's characters.</summary>
    private static long LengthOf(object? value, JinjaInputs inputs)
    {
        if (value is not string text)
        {
            return value switch
            {
                List<object?> list => list.Count,
                JinjaMap map => map.Values.Count,
                JinjaUndefined => 0,
                _ => throw inputs.Bad($"is applied to {JinjaValues.KindOf(value)}"),
            };
        }
        inputs.Run.Budget.Length(inputs.Line, text.Length);
        inputs.Run.Observer.Measured(text, "its length", inputs.Line);
        return text.EnumerateRunes().Count();
    }

    private static object? DefaultOf(object? value, JinjaInputs inputs)
    {
        if (inputs.Positional.Count > 2 || inputs.Named.Keys.Any(name => name is not ("default_value" or "boolean")))
            throw inputs.Run.Errors.Unsupported(inputs.Line, $"{inputs.Name} with these arguments");
        object? other = inputs.Positional.Count > 0 ? inputs[0] : inputs.Named.GetValueOrDefault("default_value", "");
        object? also = inputs.Positional.Count > 1 ? inputs[1] : inputs.Named.GetValueOrDefault("boolean", false);
        return value is JinjaUndefined || (JinjaValues.IsTrue(also) && !JinjaValues.IsTrue(value)) ? other : value;
    }

    private static string JsonOf(object? value, JinjaInputs inputs)
    {
        string json = JinjaJson.Write(value) ?? throw inputs.Run.Errors.Unsupported(
            inputs.Line, $"{inputs.Name} of {JinjaValues.KindOf(value)}", ["none", "truth values", "whole numbers", "texts", "lists and "
            + "dictionaries of these"]);
        return inputs.Run.Made(inputs.Line, json);
    }

    private static IReadOnlyList<object?> ItemsOf(object? value, JinjaInputs inputs)
    {
        switch (value)
        {
            case List<object?> list:
                inputs.Run.Budget.Length(inputs.Line, list.Count);
                return list;
            case JinjaMap map:
                inputs.Run.Budget.Length(inputs.Line, map.Values.Count);
                return [.. map.Values.Keys];
            case JinjaUndefined:
                return [];
        }
        throw inputs.Bad($"is applied to {JinjaValues.KindOf(value)}");
    }
}
