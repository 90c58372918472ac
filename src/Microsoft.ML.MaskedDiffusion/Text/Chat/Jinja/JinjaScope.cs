namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>The variables of a template or of one pass through a loop, which sees those around it and cannot change them.</summary>
internal sealed class JinjaScope(JinjaScope? outer, IReadOnlyDictionary<string, object?> given)
{
    private readonly Dictionary<string, object?> _own = new(given, StringComparer.Ordinal);

    /// <summary>The value of a variable, or false where nothing has its name.</summary>
    public bool TryGet(string name, out object? value)
    {
        for (JinjaScope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._own.TryGetValue(name, out value))
                return true;
        }
        value = null;
        return false;
    }

    /// <summary>Sets a variable of this scope.</summary>
    public void Set(string name, object? value) => _own[name] = value;

    private JinjaScope? Outer => outer;
}
