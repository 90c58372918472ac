using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>
/// A template in the part of Jinja that templates of conversations use, with the settings of transformers. Anything else is refused by its
/// name and line. Time, memory and stack that a template takes are limited, whatever it is. Immutable.
/// </summary>
internal sealed class JinjaTemplate
{
    /// <summary>The most characters of a template.</summary>
    public const int MostLength = 1 << 18;

    private readonly IReadOnlyList<JinjaStatement> _statements;

    /// <param name="source">The template.</param>
    /// <param name="errors">The errors, which name its file.</param>
    /// <exception cref="InvalidDataException">It is not in the part of the language that is known here.</exception>
    public JinjaTemplate(string source, JinjaErrors errors)
    {
        if (source.Length > MostLength)
            throw errors.Bad($"it has {source.Length} characters, and at most {MostLength} are read");
        _statements = new JinjaParser(new JinjaLexer(source, errors).Read(), errors).Read();
    }

    /// <summary>What the template writes.</summary>
    /// <param name="variables">What it may name.</param>
    /// <param name="run">What this rendering has in common with others of the template: a limit of work, and an observer.</param>
    /// <exception cref="InvalidDataException">It does something that is wrong, not known here, or too much.</exception>
    /// <exception cref="JinjaRaisedException">It refuses the variables itself.</exception>
    public string Render(IReadOnlyDictionary<string, object?> variables, JinjaRun run)
    {
        var pass = new Pass(run);
        pass.Do(_statements, new JinjaScope(null, variables));
        return pass.Result;
    }

    private sealed class Pass(JinjaRun run)
    {
        private static readonly Dictionary<string, object?> Nothing = [];

        private readonly JinjaEvaluator _evaluator = new(run);
        private readonly StringBuilder _result = new();

        public string Result => _result.ToString();

        public void Do(IReadOnlyList<JinjaStatement> statements, JinjaScope scope)
        {
            foreach (JinjaStatement statement in statements)
            {
                run.Budget.Step(statement.Line);
                switch (statement)
                {
                    case JinjaText text:
                        Write(text.Line, text.Text);
                        break;
                    case JinjaOutput output:
                        Write(output.Line, _evaluator.Written(output.Line, _evaluator.Of(output.Value, scope)));
                        break;
                    case JinjaSet set:
                        Set(set, scope);
                        break;
                    case JinjaIf choice:
                        Do(BranchOf(choice, scope), scope);
                        break;
                    case JinjaFor loop:
                        Repeat(loop, scope);
                        break;
                }
            }
        }

        private void Write(int line, string text)
        {
            if (_result.Length + (long)text.Length > JinjaBudget.MostLength)
                throw run.Errors.Bad(line, $"it writes more than {JinjaBudget.MostLength} characters");
            run.Budget.Length(line, text.Length);
            _result.Append(text);
        }

        private void Set(JinjaSet set, JinjaScope scope)
        {
            object? value = _evaluator.Of(set.Value, scope);
            if (set.Attribute is null)
                scope.Set(set.Name, value);
            else if (scope.TryGet(set.Name, out object? target) && target is JinjaNamespace values)
                values.Values[set.Attribute] = value;
            else
                throw run.Errors.Bad(set.Line, $"'{TextExcerpt.Of(set.Name)}' is no namespace, so no attribute of it can be set");
        }

        private IReadOnlyList<JinjaStatement> BranchOf(JinjaIf choice, JinjaScope scope)
        {
            foreach ((JinjaExpression condition, IReadOnlyList<JinjaStatement> body) in choice.Branches)
            {
                if (JinjaValues.IsTrue(_evaluator.Of(condition, scope)))
                    return body;
            }
            return choice.Else;
        }

        private void Repeat(JinjaFor loop, JinjaScope scope)
        {
            List<object?> items = _evaluator.ItemsOf(loop.Line, _evaluator.Of(loop.Items, scope));
            run.Budget.Passes(loop.Line, items.Count);
            List<(object? Item, JinjaScope Scope)> passes = [];
            foreach (object? item in items)
            {
                JinjaScope pass = PassOf(loop, item, scope);
                if (loop.Condition is null || JinjaValues.IsTrue(_evaluator.Of(loop.Condition, pass)))
                    passes.Add((item, pass));
            }
            if (passes.Count == 0)
                Do(loop.Else, new JinjaScope(scope, Nothing));
            for (int i = 0; i < passes.Count; i++)
            {
                JinjaMap state = StateOf(i, passes.Count);
                state.Values["previtem"] = i > 0 ? passes[i - 1].Item : new JinjaUndefined("previtem");
                state.Values["nextitem"] = i < passes.Count - 1 ? passes[i + 1].Item : new JinjaUndefined("nextitem");
                passes[i].Scope.Set("loop", state);
                Do(loop.Body, passes[i].Scope);
            }
        }

        private JinjaScope PassOf(JinjaFor loop, object? item, JinjaScope scope)
        {
            var pass = new JinjaScope(scope, Nothing);
            if (loop.Names.Count == 1)
            {
                pass.Set(loop.Names[0], item);
                return pass;
            }
            List<object?> parts = item as List<object?> ?? [];
            if (parts.Count != loop.Names.Count)
                throw run.Errors.Bad(loop.Line, $"a 'for' with {loop.Names.Count} names goes through items of other parts");
            for (int i = 0; i < parts.Count; i++)
                pass.Set(loop.Names[i], parts[i]);
            return pass;
        }

        private static JinjaMap StateOf(int index, int count)
        {
            var state = new JinjaMap { IsIncomplete = true };
            state.Values["index0"] = (long)index;
            state.Values["index"] = index + 1L;
            state.Values["revindex0"] = count - index - 1L;
            state.Values["revindex"] = (long)count - index;
            state.Values["first"] = index == 0;
            state.Values["last"] = index == count - 1;
            state.Values["length"] = (long)count;
            return state;
        }
    }
}
