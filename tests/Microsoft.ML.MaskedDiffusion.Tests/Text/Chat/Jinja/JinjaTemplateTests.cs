using Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Each construct of the language, with what Jinja 3 writes in the settings of transformers.</summary>
[TestClass]
public sealed class JinjaTemplateTests
{
    [TestMethod]
    [DataRow("{{ 'a' 'b' ~ \"c\\n\\x41\\u00e4\\\\\\q\" }}", "abc\nAä\\\\q")]
    [DataRow("{{ 1 + 2 * 3 - 4 // 3 % 2 }} {{ 7 / 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2.5 + 1 }}", "6 3.5 -4 2 -2 3.5")]
    [DataRow("{{ 'a' ~ 1 ~ none ~ true }}{{ 'x' if n > 2 else 'y' }}{{ 'x' if n > 5 }}", "a1NoneTruex")]
    [DataRow("{{ l[1:]|join(',') }} {{ l[::-1]|join }} {{ l[-2:]|join }} {{ l[:-1]|join }} {{ l[1:4:2]|join }}", "2,3,4 4321 34 123 24")]
    [DataRow("{{ l[0] }}{{ l[-1] }}{{ l[9] }}{{ d.a }}{{ d['a'] }}{{ d.c }}{{ 'a😀b'[1] }}", "1411😀")]
    [DataRow("{{ 1 in l }}{{ 9 not in l }}{{ 'om' in t }}{{ 'a' in d }}{{ 'a' in nothing }}", "TrueTrueTrueTrueFalse")]
    [DataRow("{{ nothing is defined }}{{ n is defined }}{{ tools is not none }}{{ t is string }}{{ n is not string }}",
        "FalseTrueFalseTrueTrue")]
    [DataRow("{{ false is false }}{{ n is true }}{{ d is mapping }}{{ l is iterable }}{{ n is odd }}{{ n is in [3] }}",
        "TrueFalseTrueTrueTrueTrue")]
    [DataRow("{{ not n and x or 'z' }}{{ n and t|trim }}{{ 1 < 2 < 3 }}{{ 'a' != 'b' }}{{ n == 3.0 }}", "zsomeTrueTrueTrue")]
    [DataRow("{{ t|trim }}{{ t|length }}{{ t.strip() }}|{{ t.lstrip() }}|{{ t.rstrip() }}|{{ 'xay'.strip('xy') }}",
        "some7some|some |  some|a")]
    [DataRow("{{ 'aB'|upper }}{{ 'aB'.lower() }}{{ 'aB c'|capitalize }}", "ABabAb c")]
    [DataRow("{{ nothing|default('d') }}{{ ''|default('e') }}{{ ''|default('f', true) }}", "df")]
    [DataRow("{{ d|tojson }}{{ 'ü\"\\n<'|tojson }}{{ none|tojson }}", "{\"a\": 1, \"b\": [true, null]}\"ü\\\"\\n<\"null")]
    [DataRow("{{ 'a,b,c'.split(',')[-1] }}{{ 'abab'.replace('b', 'X') }}{{ 'ab'.startswith('a') }}{{ 'ab'.endswith(('x', 'b')) }}",
        "caXaXTrueTrue")]
    [DataRow("{% for m in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }};{% endfor %}",
        "10TrueFalse;21FalseFalse;32FalseFalse;43FalseTrue;")]
    [DataRow("{% for i in l if i is even %}{{ loop.index }}={{ i }} {% endfor %}{% for i in [] %}x{% else %}none{% endfor %}",
        "1=2 2=4 none")]
    [DataRow("{% set x = 1 %}{% for i in [] %}{% else %}{% set x = 2 %}{{ x }}{% endfor %}{{ x }}{{ nothing is sequence }}", "21True")]
    [DataRow("{% for k, v in d.items() %}{{ k }}{{ v|tojson }};{% endfor %}", "a1;b[true, null];")]
    [DataRow("{% if not n %}a{% elif n == 3 %}b{% else %}c{% endif %}{% if x is defined %}d{% else %}e{% endif %}", "be")]
    [DataRow("{% set x = 1 %}{% for i in l %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}", "23451")]
    [DataRow("{% set ns = namespace(a=1) %}{% for i in l %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}", "11")]
    [DataRow("{% generation %}a{% endgeneration %}{# comment #}{#- another -#} b", "ab")]
    [DataRow("{{ range(5, 0, -2)|join }}{{ [1, 'a']|first }}{{ (1, 2)|last }}{{ l|list|length }}{{ [1] + [2] == [1, 2] }}",
        "531124True")]
    public void ValuesAndStatements(string template, string expected) => Assert.AreEqual(expected, Render(template));

    [TestMethod]
    [DataRow("a\n", "a")]
    [DataRow("a\n\n", "a\n")]
    [DataRow("{% if n %}\n\nx\n{% endif %}\ny", "\nx\ny")]
    [DataRow("a\n  {% if n %}\n  b\n  {% endif %}\nc", "a\n  b\nc")]
    [DataRow("a\n  {# note #}\n  {{ n }}\nb", "a\n  3\nb")]
    [DataRow("a \n{%- if n -%} \n b \n {%- endif %} c", "ab c")]
    [DataRow("a\n{%+ if n +%}\nb{% endif %}", "a\n\nb")]
    [DataRow("x {{- n -}} \n y", "x3y")]
    [DataRow("a\r\n{% if n %}\r\nb\r\n{% endif %}\r\nc\r\n", "a\nb\nc")]
    [DataRow("{{ '}}' }}{{ {'x': '%}'}.x }} { { }", "}}%} { { }")]
    public void WhiteSpaceGoesAsInTransformers(string template, string expected) => Assert.AreEqual(expected, Render(template));

    [TestMethod]
    [DataRow("a\n{% macro f() %}{% endmacro %}", "line 2: the statement 'macro' is not supported; supported are if, for, set, generation")]
    [DataRow("{% include 'x' %}", "the statement 'include'")]
    [DataRow("\n\n{{ l|selectattr('x') }}", "line 3: the filter 'selectattr' is not supported; supported are capitalize")]
    [DataRow("{{ t.title() }}", "the method 'title'")]
    [DataRow("{{ t is escaped }}", "the test 'escaped'")]
    [DataRow("{{ strftime_now('%Y') }}", "the function 'strftime_now' is not supported: it writes today's date")]
    [DataRow("{{ cycler(1) }}", "the function 'cycler'")]
    [DataRow("{{ loop_of.x }}", "'x' is asked of 'loop_of', which is undefined")]
    [DataRow("{% for i in l %}{{ loop.depth }}{% endfor %}", "the attribute 'depth' of loop")]
    [DataRow("{{ 2 ** 3 }}", "the operator '**'")]
    [DataRow("{{ d }}", "a dictionary that is written as it is")]
    [DataRow("{{ n|default(1, true, 2) }}", "the filter 'default' with these arguments")]
    [DataRow("{{ n|default(1, bool=true) }}", "the filter 'default' with these arguments")]
    [DataRow("{{ d|tojson(indent=4) }}", "the filter 'tojson' with these arguments")]
    [DataRow("{{ 'a' + 1 }}", "'+' stands between a text and a number")]
    [DataRow("{{ 'ä'|upper }}", "letters beyond ASCII")]
    [DataRow("{{ 1 // 0 }}", "divides by 0")]
    [DataRow("{{ 9223372036854775807 + 1 }}", "too large")]
    [DataRow("{% set n.x = 1 %}", "'n' is no namespace")]
    [DataRow("{% for a, b in l %}{% endfor %}", "a 'for' with 2 names")]
    [DataRow("{{ 1", "line 1: the tag that begins here has no end")]
    [DataRow("{# 1", "the comment that begins here has no end")]
    [DataRow("{{ 'a }}", "has no end")]
    [DataRow("a\n{% if n %}\nb", "line 2: the 'if' that begins here has no 'endif'")]
    [DataRow("{% for i in l %}{% endif %}", "'endif' belongs to no statement that is open")]
    [DataRow("{{ (1] }}", "a ']' closes nothing")]
    [DataRow("{{ 1 2 }}", "expected '}}', found '2'")]
    [DataRow("{{ }}", "expected a value, and the tag ends")]
    [DataRow("{{ n ? 1 }}", "the character '?' has no meaning")]
    [DataRow("{{ '\\ud800' }}", "is no character")]
    public void AnythingElseIsRefusedByNameAndLine(string template, string told)
    {
        string message = Assert.ThrowsExactly<InvalidDataException>(() => Render(template)).Message;
        StringAssert.StartsWith(message, "Tokenizer file 'chat_template.jinja', line ");
        StringAssert.Contains(message, told);
        StringAssert.EndsWith(message, "Give a ChatTemplate of your own in its place.");
    }

    [TestMethod]
    public void ATemplateCanRefuseItself() => Assert.AreEqual(
        "No tools.", Assert.ThrowsExactly<JinjaRaisedException>(() => Render("{{ raise_exception('No tools.') }}")).Message);

    [TestMethod]
    public void WhatIsLookedForInTextsIsTold()
    {
        var seen = new Observer();
        Render("{{ 'p' in t }}{{ t.startswith('q') }}{{ t.split('r') }}{{ t == 'u' }}{{ t|replace('v', '') }}{{ t|length }}"
            .Replace("}}{{ t.split('r') }}", "}}{{ t.split('r')|length }}"), seen);
        CollectionAssert.AreEqual((string[])["p", "q", "r", "u", "v", "its length"], seen.Told);
    }

    [TestMethod]
    [DataRow("{{ t in d }}")]
    [DataRow("{{ d[t] }}")]
    [DataRow("{{ d.get(t) }}")]
    public void WhatIsLookedUpInADictionaryIsTold(string template)
    {
        var seen = new Observer();
        Render(template, seen);
        CollectionAssert.AreEqual((string[])["  some ", "  some "], seen.Told, "each of the two keys is compared with it");
    }

    [TestMethod]
    [DataRow("' '", 0)]
    [DataRow("' \n'", 0)]
    [DataRow("''", 0)]
    [DataRow("'\t'", 1)]
    [DataRow("'x '", 1)]
    public void WhatIsTrimmedIsToldWhereNoProbeWouldShowIt(string characters, int count)
    {
        var seen = new Observer();
        Render($"{{{{ t.strip({characters}) }}}}", seen);
        Assert.HasCount(count, seen.Told);
    }

    internal static string Render(string template, IJinjaObserver? observer = null)
    {
        var errors = new JinjaErrors("Tokenizer file 'chat_template.jinja'");
        var map = new JinjaMap();
        map.Values["a"] = 1L;
        map.Values["b"] = new List<object?> { true, null };
        var variables = new Dictionary<string, object?>
        {
            ["n"] = 3L, ["t"] = "  some ", ["l"] = new List<object?> { 1L, 2L, 3L, 4L }, ["d"] = map, ["tools"] = null,
        };
        return new JinjaTemplate(template, errors).Render(variables, new JinjaRun(errors, observer ?? new Observer()));
    }

    private sealed class Observer : IJinjaObserver
    {
        public List<string> Told { get; } = [];

        public void Compared(string one, string two, int line) => Told.Add(two);

        public void Searched(string text, string pattern, int line) => Told.Add(pattern);

        public void Measured(string text, string what, int line) => Told.Add(what);
    }
}
