namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>The tests of the language, which stand behind the word "is".</summary>
internal static class JinjaTests
{
    private static readonly string[] Names =
    [
        "boolean", "callable", "defined", "divisibleby", "eq", "equalto", "even", "false", "in", "integer", "iterable", "mapping", "ne",
        "none", "number", "odd", "sameas", "sequence", "string", "true", "undefined",
    ];

    /// <summary>Whether a test holds.</summary>
    /// <param name="name">The test's name.</param>
    /// <param name="value">What is tested.</param>
    /// <param name="inputs">Its arguments.</param>
    public static bool Holds(string name, object? value, JinjaInputs inputs)
    {
        switch (name)
        {
            case "eq" or "equalto":
                return inputs.Run.AreEqual(inputs.Line, value, inputs.AtMost(1)[0]);
            case "ne":
                return !inputs.Run.AreEqual(inputs.Line, value, inputs.AtMost(1)[0]);
            case "in":
                return inputs.Run.Contains(inputs.Line, inputs.AtMost(1)[0], value);
            case "sameas":
                return IsSame(value, inputs.AtMost(1)[0], inputs);
            case "divisibleby":
                long divisor = inputs.AtMost(1).Whole(0);
                return divisor != 0 ? Whole(value, inputs) % divisor is 0 : throw inputs.Bad("divides by 0");
            case "even":
                return Whole(value, inputs.AtMost(0)) % 2 == 0;
            case "odd":
                return Whole(value, inputs.AtMost(0)) % 2 != 0;
        }
        inputs.AtMost(0);
        return name switch
        {
            "defined" => value is not JinjaUndefined,
            "undefined" => value is JinjaUndefined,
            "none" => value is null,
            "true" => value is true,
            "false" => value is false,
            "boolean" => value is bool,
            "string" => value is string,
            "number" => value is bool or long or double,
            "integer" => value is long,
            "mapping" => value is JinjaMap,
            "sequence" => value is string or List<object?> or JinjaMap or JinjaUndefined,
            "iterable" => value is string or List<object?> or JinjaMap or JinjaUndefined,
            "callable" => value is JinjaFunction,
            _ => throw inputs.Run.Errors.Unsupported(inputs.Line, inputs.Name, Names),
        };
    }

    private static bool IsSame(object? value, object? other, JinjaInputs inputs) => (value, other) switch
    {
        (bool one, bool two) => one == two,
        (null, null) => true,
        (null or bool, _) or (_, null or bool) => false,
        _ => throw inputs.Run.Errors.Unsupported(inputs.Line, $"{inputs.Name} of values other than true, false and none"),
    };

    // The smallest number would overflow where it is divided by -1.
    private static long Whole(object? value, JinjaInputs inputs) => JinjaValues.AsWhole(value) is { } whole and not long.MinValue
        ? whole : throw inputs.Bad($"is applied to {JinjaValues.KindOf(value)}");
}
