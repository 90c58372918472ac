namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>The methods of texts and dictionaries that templates of conversations use.</summary>
internal static class JinjaMethods
{
    private static readonly string[] TextMethods =
    [
        "capitalize", "endswith", "join", "lower", "lstrip", "replace", "rstrip", "split", "startswith", "strip", "upper",
    ];

    private static readonly string[] MapMethods = ["get", "items", "keys", "values"];

    /// <summary>The result of a method.</summary>
    /// <param name="target">What it belongs to.</param>
    /// <param name="name">Its name.</param>
    /// <param name="inputs">Its arguments.</param>
    public static object? Call(object? target, string name, JinjaInputs inputs) => target switch
    {
        string text => OfText(text, name, inputs),
        JinjaMap map => OfMap(map, name, inputs),
        _ => throw inputs.Run.Errors.Unsupported(inputs.Line, $"{inputs.Name} of {JinjaValues.KindOf(target)}"),
    };

    private static object? OfText(string text, string name, JinjaInputs inputs)
    {
        switch (name)
        {
            case "strip" or "lstrip" or "rstrip":
                string? characters = inputs.AtMost(1).Positional.Count > 0 && inputs[0] is not null ? inputs.Text(0) : null;
                return JinjaTexts.Trimmed(inputs, text, characters, name is not "rstrip", name is not "lstrip");
            case "startswith":
                return Affixes(inputs).Any(affix => Looked(text, affix, inputs).StartsWith(affix, StringComparison.Ordinal));
            case "endswith":
                return Affixes(inputs).Any(affix => Looked(text, affix, inputs).EndsWith(affix, StringComparison.Ordinal));
            case "split":
                string? separator = inputs.AtMost(2).Positional.Count > 0 && inputs[0] is not null ? inputs.Text(0) : null;
                return JinjaTexts.Split(inputs, text, separator, inputs.Positional.Count > 1 ? inputs.Whole(1) : null);
            case "replace":
                return JinjaTexts.Replaced(inputs.AtMost(2), text, inputs.Text(0), inputs.Text(1));
            case "join":
                return JinjaTexts.Joined(inputs.AtMost(1), inputs[0] as List<object?> ?? throw inputs.Bad("is given no list"), text);
            case "upper":
                return JinjaTexts.Cased(inputs.AtMost(0), text, value => value.ToUpperInvariant());
            case "lower":
                return JinjaTexts.Cased(inputs.AtMost(0), text, value => value.ToLowerInvariant());
            case "capitalize":
                return JinjaTexts.Cased(inputs.AtMost(0), text, JinjaTexts.Capitalized);
        }
        throw inputs.Run.Errors.Unsupported(inputs.Line, inputs.Name, TextMethods);
    }

    private static object? OfMap(JinjaMap map, string name, JinjaInputs inputs)
    {
        inputs.Run.Budget.Length(inputs.Line, map.Values.Count);
        switch (name)
        {
            case "get":
                object? other = inputs.AtMost(2).Positional.Count > 1 ? inputs[1] : null;
                return inputs.Run.HasKey(inputs.Line, map, inputs.Text(0)) ? map.Values[inputs.Text(0)] : other;
            case "items":
                inputs.AtMost(0);
                return new List<object?>(map.Values.Select(item => new List<object?> { item.Key, item.Value }));
            case "keys":
                inputs.AtMost(0);
                return new List<object?>(map.Values.Keys);
            case "values":
                inputs.AtMost(0);
                return new List<object?>(map.Values.Values);
        }
        throw inputs.Run.Errors.Unsupported(inputs.Line, inputs.Name, MapMethods);
    }

    // One text or a tuple of texts.
    private static IEnumerable<string> Affixes(JinjaInputs inputs) => inputs.AtMost(1)[0] is List<object?> list
        ? list.Select(item => item as string ?? throw inputs.Bad($"is given {JinjaValues.KindOf(item)} in place of a text"))
        : [inputs.Text(0)];

    private static string Looked(string text, string affix, JinjaInputs inputs)
    {
        inputs.Run.Budget.Length(inputs.Line, affix.Length);
        inputs.Run.Observer.Searched(text, affix, inputs.Line);
        return text;
    }
}
