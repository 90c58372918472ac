namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>The values of expressions.</summary>
internal sealed class JinjaEvaluator(JinjaRun run)
{
    // What a dictionary has in Python beside its keys.
    private static readonly string[] DictionaryMethods =
    [
        "clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values",
    ];

    /// <summary>The value of an expression among the variables of a scope.</summary>
    public object? Of(JinjaExpression expression, JinjaScope scope)
    {
        run.Budget.Step(expression.Line);
        return expression switch
        {
            JinjaLiteral literal => literal.Value,
            JinjaName name => scope.TryGet(name.Name, out object? value) ? value : JinjaFunctions.Find(name.Name),
            JinjaList list => new List<object?>(list.Items.Select(item => Of(item, scope))),
            JinjaDictionary dictionary => MapOf(dictionary, scope),
            JinjaAttribute attribute => AttributeOf(attribute.Line, Of(attribute.Target, scope), attribute.Name),
            JinjaIndex index => ElementOf(index.Line, Of(index.Target, scope), Of(index.Index, scope)),
            JinjaSlice slice => SliceOf(slice, scope),
            JinjaCall call => CallOf(call, scope),
            JinjaFilter filter => FilterOf(filter, scope),
            JinjaTest test => TestOf(test, scope),
            JinjaNot not => !JinjaValues.IsTrue(Of(not.Operand, scope)),
            JinjaSign sign => SignOf(sign, scope),
            JinjaBinary binary => BinaryOf(binary, scope),
            JinjaComparison comparison => Holds(comparison, scope),
            JinjaChoice choice => ChoiceOf(choice, scope),
            _ => throw run.Errors.Unsupported(expression.Line, "this expression"),
        };
    }

    /// <summary>The items of a value that a loop goes through.</summary>
    public List<object?> ItemsOf(int line, object? value)
    {
        switch (value)
        {
            case List<object?> list:
                return list;
            case JinjaMap map:
                run.Budget.Length(line, map.Values.Count);
                return [.. map.Values.Keys];
            case JinjaUndefined:
                return [];
            case string text:
                run.Budget.Length(line, text.Length);
                run.Observer.Measured(text, "each of its characters", line);
                return [.. text.EnumerateRunes().Select(rune => rune.ToString())];
        }
        throw run.Errors.Bad(line, $"a 'for' goes through {JinjaValues.KindOf(value)}");
    }

    private JinjaMap MapOf(JinjaDictionary dictionary, JinjaScope scope)
    {
        var map = new JinjaMap();
        foreach ((JinjaExpression key, JinjaExpression value) in dictionary.Items)
        {
            string name = Of(key, scope) as string
                ?? throw run.Errors.Unsupported(key.Line, "a key of a dictionary that is no text");
            map.Values[name] = Of(value, scope);
        }
        return map;
    }

    private object? AttributeOf(int line, object? target, string name) => target switch
    {
        JinjaMap when DictionaryMethods.Contains(name) =>
            throw run.Errors.Unsupported(line, $"the method '{name}' that is not called"),
        JinjaMap map when !map.Values.ContainsKey(name) && map.IsIncomplete =>
            throw run.Errors.Unsupported(line, $"the attribute '{Shown(name)}' of loop", map.Values.Keys),
        JinjaMap map => ValueOf(line, map, name),
        JinjaNamespace values => values.Values.TryGetValue(name, out object? value) ? value : new JinjaUndefined(name),
        JinjaUndefined undefined => throw run.Errors.Bad(
            line, $"'{TextExcerpt.Of(name)}' is asked of '{TextExcerpt.Of(undefined.Name)}', which is undefined"),
        _ => new JinjaUndefined(name),
    };

    private object? ValueOf(int line, JinjaMap map, string name) =>
        run.HasKey(line, map, name) ? map.Values[name] : new JinjaUndefined(name);

    private object? ElementOf(int line, object? target, object? index)
    {
        if (index is string name)
            return target is JinjaMap { IsIncomplete: false } map ? ValueOf(line, map, name) : AttributeOf(line, target, name);
        if (target is JinjaUndefined undefined)
            throw run.Errors.Bad(line, $"an element is asked of '{TextExcerpt.Of(undefined.Name)}', which is undefined");
        if (target is not (string or List<object?>) || JinjaValues.AsWhole(index) is not { } place)
            return new JinjaUndefined("element");
        List<object?> items = ItemsOf(line, target);
        long at = place < 0 ? place + items.Count : place;
        return at >= 0 && at < items.Count ? items[(int)at] : new JinjaUndefined("element");
    }

    private object SliceOf(JinjaSlice slice, JinjaScope scope)
    {
        object? target = Of(slice.Target, scope);
        if (target is not (string or List<object?>))
            throw run.Errors.Bad(slice.Line, $"a part is taken of {JinjaValues.KindOf(target)}");
        List<object?> items = ItemsOf(slice.Line, target);
        long step = BoundOf(slice.Step, scope) ?? 1;
        if (step == 0)
            throw run.Errors.Bad(slice.Line, "a part is taken in steps of 0");
        // The bounds as Python has them: from the end where they are negative, and never beyond the ends.
        (long least, long most) = step > 0 ? (0, items.Count) : (-1, items.Count - 1);
        long Clamped(long bound) => Math.Clamp(bound < 0 ? bound + items.Count : bound, least, most);
        long from = BoundOf(slice.From, scope) is { } first ? Clamped(first) : step > 0 ? least : most;
        long to = BoundOf(slice.To, scope) is { } last ? Clamped(last) : step > 0 ? most : least;
        run.Budget.Length(slice.Line, items.Count);
        var part = new List<object?>();
        step = Math.Clamp(step, -items.Count - 1, items.Count + 1);
        for (long i = from; step > 0 ? i < to : i > to; i += step)
            part.Add(items[(int)i]);
        return target is string ? string.Concat(part) : part;
    }

    private long? BoundOf(JinjaExpression? bound, JinjaScope scope)
    {
        if (bound is null || Of(bound, scope) is not { } value)
            return null;
        long whole = JinjaValues.AsWhole(value)
            ?? throw run.Errors.Bad(bound.Line, $"a part begins or ends at {JinjaValues.KindOf(value)}");
        return Math.Clamp(whole, int.MinValue, int.MaxValue);
    }

    private object? CallOf(JinjaCall call, JinjaScope scope)
    {
        if (call.Target is JinjaAttribute method)
        {
            object? target = Of(method.Target, scope);
            return JinjaMethods.Call(target, method.Name, Inputs(call.Line, $"the method '{Shown(method.Name)}'", call.Arguments, scope));
        }
        if (call.Target is JinjaName name && Of(name, scope) is JinjaFunction function)
            return JinjaFunctions.Call(function.Name, Inputs(call.Line, $"the function '{function.Name}'", call.Arguments, scope));
        throw run.Errors.Unsupported(
            call.Line, call.Target is JinjaName other ? $"the function '{Shown(other.Name)}'" : "a call of something without a name");
    }

    private object? FilterOf(JinjaFilter filter, JinjaScope scope)
    {
        object? value = Of(filter.Target, scope);
        return JinjaFilters.Apply(filter.Name, value, Inputs(filter.Line, $"the filter '{Shown(filter.Name)}'", filter.Arguments, scope));
    }

    private bool TestOf(JinjaTest test, JinjaScope scope)
    {
        object? value = Of(test.Target, scope);
        bool holds = JinjaTests.Holds(test.Name, value, Inputs(test.Line, $"the test '{Shown(test.Name)}'", test.Arguments, scope));
        return holds != test.IsNegated;
    }

    private object SignOf(JinjaSign sign, JinjaScope scope)
    {
        object? value = Of(sign.Operand, scope);
        return JinjaArithmetic.Of(run, sign.Line, sign.IsMinus ? "-" : "+", 0L, value);
    }

    private object? BinaryOf(JinjaBinary binary, JinjaScope scope)
    {
        object? left = Of(binary.Left, scope);
        if (binary.Operator is "and" or "or")
            return JinjaValues.IsTrue(left) == (binary.Operator == "or") ? left : Of(binary.Right, scope);
        object? right = Of(binary.Right, scope);
        if (binary.Operator != "~")
            return JinjaArithmetic.Of(run, binary.Line, binary.Operator, left, right);
        (string one, string two) = (Written(binary.Line, left), Written(binary.Line, right));
        run.Budget.Length(binary.Line, (long)one.Length + two.Length);
        return one + two;
    }

    /// <summary>A value as it is written into the result.</summary>
    public string Written(int line, object? value) => JinjaValues.TextOf(value)
        ?? throw run.Errors.Unsupported(line, $"{JinjaValues.KindOf(value)} that is written as it is");

    private bool Holds(JinjaComparison comparison, JinjaScope scope)
    {
        object? left = Of(comparison.First, scope);
        foreach ((string sign, JinjaExpression operand) in comparison.Others)
        {
            object? right = Of(operand, scope);
            bool holds = sign switch
            {
                "==" => run.AreEqual(comparison.Line, left, right),
                "!=" => !run.AreEqual(comparison.Line, left, right),
                "in" => run.Contains(comparison.Line, right, left),
                "not in" => !run.Contains(comparison.Line, right, left),
                _ => JinjaArithmetic.IsInOrder(run, comparison.Line, sign, left, right),
            };
            if (!holds)
                return false;
            left = right;
        }
        return true;
    }

    private object? ChoiceOf(JinjaChoice choice, JinjaScope scope)
    {
        if (JinjaValues.IsTrue(Of(choice.Condition, scope)))
            return Of(choice.Then, scope);
        return choice.Else is null ? new JinjaUndefined("else") : Of(choice.Else, scope);
    }

    private JinjaInputs Inputs(int line, string name, JinjaArguments arguments, JinjaScope scope)
    {
        object?[] positional = [.. arguments.Positional.Select(argument => Of(argument, scope))];
        var named = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach ((string key, JinjaExpression value) in arguments.Named)
            named[key] = Of(value, scope);
        return new JinjaInputs(run, line, name, positional, named);
    }

    private static string Shown(string name) => TextExcerpt.Of(name);
}
