namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>What the renderings of a template have in common.</summary>
/// <param name="Errors">The errors of the template.</param>
/// <param name="Observer">Told what is looked for in texts.</param>
internal sealed record JinjaRun(JinjaErrors Errors, IJinjaObserver Observer)
{
    private const int MostLevels = 20;

    /// <summary>How much work is left.</summary>
    public JinjaBudget Budget { get; } = new(Errors);

    /// <summary>Pays for a text that is the result of something, and gives it back.</summary>
    public string Made(int line, string text)
    {
        Budget.Length(line, text.Length);
        return text;
    }

    /// <summary>Whether a value is in a container, as the operator says it.</summary>
    public bool Contains(int line, object? container, object? item)
    {
        switch (container)
        {
            case string text when item is string part:
                Budget.Length(line, text.Length);
                Observer.Searched(text, part, line);
                return text.Contains(part, StringComparison.Ordinal);
            case List<object?> list:
                Budget.Length(line, list.Count);
                return list.Any(element => AreEqual(line, element, item));
            case JinjaMap map:
                return item is string key && HasKey(line, map, key);
            case JinjaUndefined:
                return false;
        }
        throw Errors.Bad(line, $"{JinjaValues.KindOf(item)} is looked for in {JinjaValues.KindOf(container)}");
    }

    /// <summary>Whether a dictionary has a key, which may be a message that is looked up.</summary>
    public bool HasKey(int line, JinjaMap map, string key)
    {
        Budget.Length(line, map.Values.Count);
        foreach (string known in map.Values.Keys)
            Observer.Compared(known, key, line);
        return map.Values.ContainsKey(key);
    }

    /// <summary>Whether two values are equal.</summary>
    public bool AreEqual(int line, object? one, object? two) => AreEqual(line, one, two, MostLevels);

    private bool AreEqual(int line, object? one, object? two, int levels)
    {
        Budget.Step(line);
        if (levels == 0)
            throw Errors.Bad(line, $"it compares values that are nested deeper than {MostLevels} levels");
        switch (one, two)
        {
            case (JinjaUndefined, JinjaUndefined):
                return true;
            case (string a, string b):
                Budget.Length(line, a.Length);
                Observer.Compared(a, b, line);
                return a == b;
            case (List<object?> a, List<object?> b):
                return a.Count == b.Count && a.Zip(b).All(pair => AreEqual(line, pair.First, pair.Second, levels - 1));
            case (JinjaMap a, JinjaMap b):
                return a.Values.Count == b.Values.Count && a.Values.All(item =>
                    b.Values.TryGetValue(item.Key, out object? other) && AreEqual(line, item.Value, other, levels - 1));
        }
        return JinjaValues.AsNumber(one) is { } x && JinjaValues.AsNumber(two) is { } y ? x == y : ReferenceEquals(one, two);
    }
}
