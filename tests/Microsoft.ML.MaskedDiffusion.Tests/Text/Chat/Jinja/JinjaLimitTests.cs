using System.Diagnostics;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>No template takes all time, memory or stack, and none ends in an error of another kind.</summary>
[TestClass]
public sealed class JinjaLimitTests
{
    private const string Template = """
        {%- set ns = namespace(first=true, seen='') %}
        {% for m in l[1:] if m is not none %}
        {%- if ns.first and not loop.last %}{{ t|trim + '<a>' ~ m }}{% set ns.first = false %}
        {% elif 'b' in t.split('x')[0] or m is divisibleby(2) %}{{ d['b']|tojson }}{% else %}{{- {'k': [m, -1.5]}.k[0] }}{% endif -%}
        {# a comment #}{% endfor %}{{ t.replace('o', 'oo').strip(' ')|default('', true) }}
        {{ range(3)|join(',') if n >= 2 else raise_exception(t) }}
        """;

    // Templates that a limit stops, and what is said of them.
    private static readonly Dictionary<string, (string Template, string Told)> Hostile = new()
    {
        ["a text that doubles"] = (
            "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(9000) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
            "more than 1048576"),
        ["loops in loops"] = (Repeated("{% for i in range(9000) %}", 3) + Repeated("{% endfor %}", 3), "steps"),
        ["a long range"] = ("{% for i in range(100000000000) %}{% endfor %}", "more than 10000 items"),
        ["a deep list that is compared"] = ($"{Deep("[ns.x]")}{{{{ ns.x == [[ns.x]] }}}}{{{{ ns.x == [ns.x[0]] }}}}", "levels"),
        ["a wide list that is compared"] = ($"{Deep("[ns.x, ns.x]")}{{{{ ns.x == [ns.x[0], ns.x[0]] }}}}", "levels"),
        ["a deep list as JSON"] = (Deep("[ns.x]") + "{{ ns.x|tojson }}", "not supported"),
        ["a text in place of each letter"] = (Long(19) + "{{ x.replace('a', x) }}", "more than 1048576"),
        ["a long result"] = (Long(18) + "{% for i in range(9000) %}{{ x }}{% endfor %}", "characters"),
        ["searches of a long text"] = (Long(18) + "{% for i in range(9000) %}{% if 'b' in x %}{% endif %}{% endfor %}", "steps"),
        ["a long template"] = (Repeated("{{ 1 }}", 1 << 16), "and at most 262144 are read"),
        ["parentheses"] = ("{{ " + new string('(', 50_000) + "1" + new string(')', 50_000) + " }}", "nested deeper than 40 levels"),
        ["lists"] = ("{{ " + new string('[', 50_000) + new string(']', 50_000) + " }}", "nested deeper than 40 levels"),
        ["elements"] = ("{{ " + Repeated("n[", 50_000) + "1" + new string(']', 50_000) + " }}", "nested deeper than 40 levels"),
        ["calls"] = ("{{ " + Repeated("n(", 50_000) + new string(')', 50_000) + " }}", "nested deeper than 40 levels"),
        ["not"] = ("{{ " + Repeated("not ", 50_000) + "1 }}", "nested deeper than 40 levels"),
        ["signs"] = ("{{ " + new string('-', 50_000) + "1 }}", "nested deeper than 40 levels"),
        ["sums"] = ("{{ 1" + Repeated(" + 1", 50_000) + " }}", "more than 400 parts"),
        ["attributes"] = ("{{ n" + Repeated(".a", 50_000) + " }}", "more than 400 parts"),
        ["filters"] = ("{{ n" + Repeated("|trim", 40_000) + " }}", "more than 400 parts"),
        ["tests"] = ("{{ n" + Repeated(" is odd", 30_000) + " }}", "more than 400 parts"),
        ["choices"] = ("{{ 1" + Repeated(" if 1 else 1", 20_000) + " }}", "nested deeper than 40 levels"),
        ["if in if"] = (Repeated("{% if n %}", 20_000), "nested deeper than 30 levels"),
        ["for in for"] = (Repeated("{% for i in l %}", 16_000), "nested deeper than 30 levels"),
        ["elif after elif"] = ("{% if n %}" + Repeated("{% elif n %}", 20_000), "has no 'endif'"),
        ["generation in generation"] = (Repeated("{% generation %}", 16_000), "nested deeper than 30 levels"),
    };

    /// <summary>The names of the hostile templates.</summary>
    public static IEnumerable<object[]> Names => Hostile.Keys.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void AHostileTemplateIsStopped(string name)
    {
        (string template, string told) = Hostile[name];
        var clock = Stopwatch.StartNew();
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => JinjaTemplateTests.Render(template)).Message, told);
        // A second would do; the limit leaves room for a busy machine.
        Limit.Below(30, clock.Elapsed.TotalSeconds);
    }

    [TestMethod]
    public void AlteredBytesGiveAResultOrOneKindOfError()
    {
        var random = new Random(3);
        int results = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(Template);
            for (int change = random.Next(1, 4); change > 0; change--)
                bytes = Altered(bytes, random);
            string template = Encoding.UTF8.GetString(bytes);
            try
            {
                JinjaTemplateTests.Render(template);
                results++;
            }
            catch (Exception e) when (e is InvalidDataException or JinjaRaisedException)
            {
                Limit.Below(400, e.Message.Length, template);
            }
        }
        Assert.IsInRange(1_000, 19_000, results);
    }

    private static byte[] Altered(byte[] bytes, Random random)
    {
        int at = random.Next(bytes.Length), length = Math.Min(random.Next(1, 12), bytes.Length - at);
        byte[] copy = [.. bytes];
        switch (random.Next(5))
        {
            case 0:
                copy[at] = (byte)random.Next(256);
                return copy;
            case 1:
                copy[at] = (byte)"{}%#-+.|()[]'\"0:,= \n"[random.Next(20)];
                return copy;
            case 2:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 3:
                return [.. bytes[..at], .. bytes[at..(at + length)], .. bytes[at..]];
            default:
                int from = random.Next(bytes.Length - length + 1);
                return [.. bytes[..at], .. bytes[from..(from + length)], .. bytes[at..]];
        }
    }

    private static string Deep(string next) =>
        $"{{% set ns = namespace(x=[]) %}}{{% for i in range(9000) %}}{{% set ns.x = {next} %}}{{% endfor %}}";

    private static string Long(int doublings) => "{% set x = 'a' %}" + Repeated("{% set x = x + x %}", doublings);

    private static string Repeated(string text, int count) => new StringBuilder().Insert(0, text, count).ToString();
}
