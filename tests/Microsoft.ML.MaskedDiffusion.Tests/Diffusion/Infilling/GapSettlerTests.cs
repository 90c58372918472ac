using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Infilling;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Lengths and candidates against exact probabilities: with a perfect model, and texts whose sides are looked at whole, what is chosen is
/// what has the largest posterior probability.
/// </summary>
[TestClass]
public sealed class GapSettlerTests
{
    private static readonly TextTokenizer Bytes = TokenizerSource.Bytes().Known!;

    private static string[] Cases(MarkovModel model, int count)
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, count).Select(i =>
            $"{model.Draw(random, random.Next(i % 3 == 0 ? 0 : 1, 5))}|{model.Draw(random, random.Next(1, 5))}")];
    }

    private static GapTask Task(MarkovModel model, string text, string[]? candidates = null, int openLength = 8) =>
        new(MaskedText.Of(text, [], Bytes), candidates, openLength, model.ContextLength, model.MaskTokenId);

    private static GapSettler Settler(MarkovModel model, double fillingWeight = 0) => new(
        model, new RowScheduler(model, 0, 4096), new GapVocabulary(Bytes, model.VocabularySize), fillingWeight, batchTokens: 4096,
        startLength: 0, endOfTextId: null);

    [TestMethod]
    public void TheLengthIsTheMostProbableOne()
    {
        var model = new MarkovModel(states: 5, seed: 3);
        int longer = 0;
        string[] cases = Cases(model, 60);
        GapTask[] tasks = [.. cases.Select(sides => Task(model, sides.Replace("|", "[MASK*1-6]")))];
        Settler(model).Settle(tasks, CancellationToken.None);
        for (int i = 0; i < cases.Length; i++)
        {
            double[] exact = [.. Enumerable.Range(1, 6).Select(n => model.LogProbability(cases[i].Replace("|", new string('?', n))))];
            int chosen = tasks[i].Lengths.Single();
            // Of nearly equal lengths either may be chosen; rounding adds up to far less.
            Assert.AreEqual(exact.Max(), exact[chosen - 1], 1e-9, cases[i]);
            longer += chosen > 1 ? 1 : 0;
        }
        Assert.IsTrue(longer is > 10 and < 55, $"{longer} of 60 gaps have more than one token, so that something is chosen");
    }

    [TestMethod]
    [DataRow(1.0)]
    [DataRow(0.25)]
    public void TheFillingCountsByItsWeight(double weight)
    {
        var model = new MarkovModel(states: 5, seed: 3);
        string[] cases = Cases(model, 40);
        GapTask[] tasks = [.. cases.Select(sides => Task(model, sides.Replace("|", "[MASK*1-5]")))];
        GapSettler settler = Settler(model, weight);
        settler.Settle(tasks, CancellationToken.None);
        for (int i = 0; i < cases.Length; i++)
        {
            double[] exact = [.. Enumerable.Range(1, 5).Select(n => cases[i].Replace("|", new string('?', n)))
                .Select(text => model.LogProbability(text) + weight * Greedy(model, text))];
            // Logits are rounded to 32 bits, some of them up to 10 nats.
            Assert.AreEqual(exact.Max(), exact[tasks[i].Lengths.Single() - 1], 1e-5, cases[i]);
        }
        // Each length has as many rows for its filling as it has tokens, and one for each letter that is looked at.
        long rows = cases.Sum(sides => 15 + 5 * (sides.Length - 1));
        Assert.IsTrue(settler.NetworkRows <= rows && settler.NetworkRows > rows / 2,
            $"{settler.NetworkRows} of {rows}: equal rows count once");
    }

    [TestMethod]
    public void TheCandidateIsTheMostProbableOneWhateverItsLength()
    {
        var model = new MarkovModel(states: 5, seed: 4);
        string[] cases = Cases(model, 60), candidates = ["ab", "bc", "dd", "ecb", "ca", "ee"];
        GapTask[] tasks = [.. cases.Select(sides => Task(model, sides.Replace("|", "[MASK*2]"), candidates))];
        Settler(model).Settle(tasks, CancellationToken.None);
        var chosen = new HashSet<string>();
        for (int i = 0; i < cases.Length; i++)
        {
            double[] exact = [.. candidates.Select(candidate => model.LogProbability(cases[i].Replace("|", candidate)))];
            string best = candidates[Array.IndexOf(exact, exact.Max())];
            Assert.AreEqual(cases[i].Replace("|", best), tasks[i].Fill());
            chosen.Add(best);
            // log p(candidate | both sides) has the same number of tokens on both sides of the bar; 60 rows add up to this rounding.
            double expected = exact.Max() - model.LogProbability(cases[i].Replace("|", new string('?', best.Length)));
            Assert.AreEqual(expected, tasks[i].LogProbability, 1e-9);
        }
        Assert.IsGreaterThan(2, chosen.Count);
    }

    [TestMethod]
    public void SeveralGapsAreSettledFromLeftToRight()
    {
        var model = new MarkovModel(states: 4, seed: 9);
        var random = new Random(2);
        for (int i = 0; i < 20; i++)
        {
            (string a, string b, string c) = (model.Draw(random, 3), model.Draw(random, 2), model.Draw(random, 3));
            GapTask task = Task(model, $"{a}[MASK*1-4]{b}[MASK*1-5]{c}");
            Settler(model).Settle([task], CancellationToken.None);
            // The second gap stands in the middle of its range, 3, while the first is settled; of both sides four tokens are looked at, and
            // the rest, which does not depend on the first gap's length here, is given.
            int first = Best(4, n => Sides(model, a, n, b + "???" + c[..2], c[2..]));
            int second = Best(5, n => Sides(model, a + new string('?', first) + b, n, c, ""));
            CollectionAssert.AreEqual(new[] { first, second }, task.Lengths);
        }
    }

    [TestMethod]
    public void LengthsThatDoNotFitAreLeftOutAndAKnownLengthCostsNothing()
    {
        var model = new MarkovModel(states: 3, seed: 1);
        GapTask[] tasks = [Task(model, new string('a', 60) + "[MASK*2-1000]b"), Task(model, "a[MASK*3]b"), Task(model, "[MASK*64]")];
        GapSettler settler = Settler(model);
        settler.Settle(tasks, CancellationToken.None);
        Assert.IsTrue(tasks[0].Lengths.Single() is 2 or 3);
        Assert.AreEqual((3, 64), (tasks[1].Lengths.Single(), tasks[2].Lengths.Single()));
        // Two lengths; four tokens before the gap, one behind it.
        Assert.AreEqual(10L, settler.NetworkRows);
        // Two gaps share the room that is left.
        GapTask shared = Task(model, new string('a', 58) + "[MASK*1-9]b[MASK*1-9]");
        settler.Settle([shared], CancellationToken.None);
        Limit.AtMost(5, shared.Lengths.Sum());
    }

    [TestMethod]
    public void ATextIsSettledTheSameWhateverIsBesideIt()
    {
        var model = new MarkovModel(states: 5, seed: 6);
        string[] texts = [.. Cases(model, 12).Select(sides => sides.Replace("|", "[MASK*]"))];
        int[] Lengths(string[] some)
        {
            GapTask[] tasks = [.. some.Select(text => Task(model, text))];
            Settler(model).Settle(tasks, CancellationToken.None);
            return [.. tasks.Select(task => task.Lengths.Single())];
        }
        int[] together = Lengths(texts);
        CollectionAssert.AreEqual(together, texts.Select(text => Lengths([text]).Single()).ToArray());
        CollectionAssert.AreEqual(together, Enumerable.Reverse(Lengths([.. texts.Reverse()])).ToArray());
    }

    // log p of the letters that fill a text, the most confident one first, each given those before.
    private static double Greedy(MarkovModel model, string text)
    {
        double sum = 0;
        while (text.Contains('?'))
        {
            (int place, int letter, double best) = Enumerable.Range(0, text.Length).Where(i => text[i] == '?')
                .SelectMany(i => model.Letters(text, i).Select((p, j) => (Place: i, Letter: j, P: p))).MaxBy(choice => choice.P);
            text = $"{text[..place]}{(char)('a' + letter)}{text[(place + 1)..]}";
            sum += best;
        }
        return sum;
    }

    private static int Best(int most, Func<int, double> score) => Enumerable.Range(1, most).MaxBy(score);

    // The mean of log p(behind | the rest) and log p(before | the rest), up to what no length changes. Of what stands before, the last four
    // letters are looked at.
    private static double Sides(MarkovModel model, string before, int n, string behind, string rest)
    {
        string gap = new('?', n);
        int known = before.Length, count = 0;
        while (known > 0 && count < 4)
            count += before[--known] == '?' ? 0 : 1;
        string hidden = before[..known] + new string('?', before.Length - known);
        double whole = model.LogProbability(before + gap + behind + rest);
        double withoutBehind = model.LogProbability(before + gap + new string('?', behind.Length) + rest);
        double withoutBefore = model.LogProbability(hidden + gap + behind + rest);
        return whole - (withoutBehind + withoutBefore) / 2;
    }
}
