using System.Text.Json;
using System.Text.RegularExpressions;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed partial class GenerationTraceTests
{
    [TestMethod]
    public async Task KeepsTheStepsOfARun()
    {
        using MaskedDiffusionModel model = TinyModel.Create();
        var generator = new TextGenerator(model, new()
        {
            MaxNewTokens = 12,
            Sampling = new() { Order = SamplingOrder.Random, Temperature = 1, Steps = 20, Remasking = Remasking.Cap(0.3) },
        });
        var trace = new GenerationTrace("the cat");
        var states = new List<GenerationState>();
        await foreach (GenerationState state in trace.Record(generator.StreamAsync("the cat")))
            states.Add(state);

        Assert.AreEqual(states.Count, trace.StepCount);
        Assert.AreSame(states[^1].Result, trace.Result);
        JsonElement data = Data(trace.ToHtml());
        var tokens = new Dictionary<int, GeneratedToken>();
        foreach ((GenerationState state, JsonElement step) in states.Zip(data.GetProperty("steps").EnumerateArray()))
        {
            Assert.AreEqual(state.Tokens.Count, step.GetProperty("visible").GetInt32());
            foreach (JsonElement change in step.GetProperty("changes").EnumerateArray())
            {
                string text = data.GetProperty("texts")[change[2].GetInt32()].GetString()!;
                tokens[change[0].GetInt32()] = new(
                    change[1].GetInt32(), text, change[3].GetDouble(), change[4].GetInt32(), change[5].GetInt32());
            }
            for (int i = 0; i < state.Tokens.Count; i++)
            {
                GeneratedToken shown = tokens.GetValueOrDefault(i, GivenState.Masked()), token = state.Tokens[i];
                Assert.AreEqual(
                    (token.Id, token.Text, token.Step, token.TimesMasked), (shown.Id, shown.Text, shown.Step, shown.TimesMasked));
                if (!token.IsMasked)
                    Assert.AreEqual(token.Probability, shown.Probability, 1e-6);
            }
        }
        Assert.AreEqual(states[^1].Result!.Text, data.GetProperty("text").GetString());
        Assert.IsTrue(tokens.Values.Any(token => token.TimesMasked > 0), "the run masks tokens again");
    }

    [TestMethod]
    public void NoTextLeavesItsPlaceInThePage()
    {
        const string Evil = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> {{data}} & \" ' \u2028 \0 \ud800 😀";
        var trace = new GenerationTrace(Evil, Evil);
        trace.Add(GivenState.Of("", ["_", Evil], 1));
        trace.Add(GivenState.Done(Evil + Evil, [Evil, Evil], 0));
        string page = trace.ToHtml();

        Assert.AreEqual(2, Count(page, "</script"), "the page's own two");
        Assert.AreEqual(2, Count(page, "<script"));
        Assert.AreEqual(0, Count(page, "<img"));
        JsonElement data = Data(page);
        Assert.AreEqual(Evil, data.GetProperty("texts")[0].GetString()!.Replace('\uFFFD', '\ud800'));
        Assert.AreEqual(Evil.Replace('\ud800', '\uFFFD'), data.GetProperty("prompt").GetString());
        StringAssert.Contains(page, "<title>&lt;/script&gt;");
        StringAssert.Contains(page, "{{data}}", "a text may spell a place of the page");
    }

    [TestMethod]
    public void ThePageAsksNothingOfTheNetwork()
    {
        var trace = new GenerationTrace();
        string page = trace.ToHtml();
        StringAssert.Contains(page, "default-src 'none'");
        foreach (string way in new[] { "src=", "href=", "@import", "url(", "fetch(", "XMLHttpRequest", "import(" })
            Assert.IsFalse(page.Contains(way, StringComparison.Ordinal), way);
        Assert.AreEqual(1, Count(page, "://"), "the name of SVG");
    }

    [TestMethod]
    public void TheSummaryHasTheFigures()
    {
        var trace = new GenerationTrace();
        trace.Add(GivenState.Done("ab", ["a", "b"], 0, 1));
        string summary = Data(trace.ToHtml()).GetProperty("summary").ToString();
        Assert.AreEqual("""[["steps","1"],["steps with the network","2"],["tokens","2"],["network rows","2"],"""
            + """["tokens of the prompt","3"],["nats per token","0.69"],["ended by","its length"]]""", summary);
    }

    [TestMethod]
    public void IsSavedWhole()
    {
        using var folder = new TemporaryFolder();
        var trace = new GenerationTrace("p");
        trace.Add(GivenState.Done("ab", ["a", "b"], 0, 1));
        trace.SaveHtml(folder.File("trace.html"));
        Assert.AreEqual(trace.ToHtml(), File.ReadAllText(folder.File("trace.html")));
        Assert.AreEqual(1, Directory.GetFiles(folder.Path).Length);
        Assert.ThrowsExactly<ArgumentException>(() => trace.SaveHtml(""));
        Assert.Throws<IOException>(() => trace.SaveHtml(folder.File("none/trace.html")));
    }

    [TestMethod]
    public void ATraceIsOfOneText()
    {
        var trace = new GenerationTrace();
        trace.Add(GivenState.Done("a", ["a"], 0));
        Assert.ThrowsExactly<InvalidOperationException>(() => trace.Add(GivenState.Done("a", ["a"], 0)));
        Assert.ThrowsExactly<ArgumentNullException>(() => new GenerationTrace(null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => trace.Add(null!));
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static JsonElement Data(string page) =>
        JsonDocument.Parse(Json().Match(page).Groups["json"].Value).RootElement;

    [GeneratedRegex("""<script type="application/json" id="data">(?<json>.*?)</script>""", RegexOptions.ExplicitCapture)]
    private static partial Regex Json();
}
