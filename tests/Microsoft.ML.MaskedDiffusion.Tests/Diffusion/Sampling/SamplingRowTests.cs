using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Rows whose logits are the same at every position and in every look.</summary>
[TestClass]
public sealed class SamplingRowTests
{
    private const int Mask = 4;
    private static readonly float[] Logits = [0, 2, 0, 0];

    [TestMethod]
    public void AProbedTokenIsNoRepetitionOfItself()
    {
        var watched = new WatchedTokens();
        Fill(new SamplingOptions { Remasking = watched, RepetitionPenalty = 4 });
        double expected = Math.Exp(2) / (Math.Exp(2) + 3);
        Assert.HasCount(3, watched.Probed, "one token is probed beside a masked one, and both at the end");
        foreach (double probability in watched.Probed)
            Assert.AreEqual(expected, probability, 1e-6, "the rounding of 32 bits");
    }

    [TestMethod]
    public void GuidanceActsInAProbeByWhatIsMaskedInIt()
    {
        List<MaskedRow> looks = Fill(new SamplingOptions { Remasking = new WatchedTokens(), GuidanceScale = 1 });
        Assert.HasCount(4, looks);
        Assert.IsTrue(looks.All(look => look.Unconditional is not null), "it acts to the end unless something else is said");

        looks = Fill(new SamplingOptions { Remasking = new WatchedTokens(), GuidanceScale = 1, GuidanceEnd = 0.5 });
        foreach (MaskedRow look in looks)
            Assert.AreEqual(look.Tokens.Count(token => token == Mask) == 2, look.Unconditional is not null);
    }

    // Fills two positions behind a token, and returns all that the network was asked.
    private static List<MaskedRow> Fill(SamplingOptions options)
    {
        List<MaskedRow> all = [];
        using var row = new SamplingRow(new SamplingRequest([3, Mask, Mask], [1, 2]) { Key = 0 }, options.Clone(), Mask);
        while (!row.IsDone)
        {
            IReadOnlyList<MaskedRow> looks = row.Look();
            for (int look = 0; look < looks.Count; look++)
            {
                for (int place = 0; place < looks[look].Positions.Length; place++)
                    row.Read(look, place, Logits);
            }
            row.Advance();
            all.AddRange(looks);
        }
        CollectionAssert.AreEqual(new[] { 3, 1, 1 }, row.Tokens);
        return all;
    }

    // Probes all chosen tokens together and masks none of them again.
    private sealed class WatchedTokens() : Remasking("Watched")
    {
        public List<double> Probed { get; } = [];

        public override IReadOnlyList<IReadOnlyList<int>> Probes(RemaskingStep step) =>
            step.Committed.Count == 0 ? [] : [[.. step.Committed.Select(token => token.Position)]];

        public override IReadOnlyList<int> Choose(RemaskingStep step)
        {
            Probed.AddRange(step.Committed.Select(token => token.ProbedProbability));
            return [];
        }
    }
}
