namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>What a filter, test, method or function is given.</summary>
/// <param name="Run">The rendering.</param>
/// <param name="Line">The line of the template.</param>
/// <param name="Name">What is called, with its kind: "the filter 'trim'".</param>
/// <param name="Positional">The arguments without a name.</param>
/// <param name="Named">The arguments with a name.</param>
internal sealed record JinjaInputs(
    JinjaRun Run, int Line, string Name, IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    /// <summary>Refuses more arguments than there may be, or arguments with a name.</summary>
    public JinjaInputs AtMost(int count)
    {
        if (Positional.Count > count || Named.Count > 0)
            throw Run.Errors.Unsupported(Line, $"{Name} with these arguments");
        return this;
    }

    /// <summary>An argument that must be there.</summary>
    public object? this[int index] => index < Positional.Count ? Positional[index] : throw Bad($"needs {index + 1} arguments");

    /// <summary>An argument that must be a text.</summary>
    public string Text(int index) => this[index] as string ?? throw Bad($"is given {JinjaValues.KindOf(this[index])} in place of a text");

    /// <summary>An argument that must be a whole number.</summary>
    public long Whole(int index) =>
        JinjaValues.AsWhole(this[index]) ?? throw Bad($"is given {JinjaValues.KindOf(this[index])} in place of a number");

    /// <summary>A value as a text, as it would be written.</summary>
    public string Written(object? value) => JinjaValues.TextOf(value) ?? throw Run.Errors.Unsupported(
        Line, $"{Name} of {JinjaValues.KindOf(value)}");

    /// <summary>An error about the arguments.</summary>
    public InvalidDataException Bad(string what) => Run.Errors.Bad(Line, $"{Name} {what}");
}
