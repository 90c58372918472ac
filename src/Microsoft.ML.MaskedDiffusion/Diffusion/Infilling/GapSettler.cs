using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Infilling;

/// <summary>
/// Settles gaps: chooses the length of those of unknown length, or one of the candidates. Texts are settled together and do not affect each
/// other. Safe for several threads.
/// </summary>
/// <param name="evaluator">Gives the likelihoods.</param>
/// <param name="source">Gives the logits of fillings, without guidance.</param>
/// <param name="vocabulary">What may fill a gap.</param>
/// <param name="fillingWeight">The share of log p(filling) in a length's score; see <see cref="GapOptions.FillingWeight"/>.</param>
/// <param name="batchTokens">Tokens that go through the network at once.</param>
/// <param name="startLength">The ids at the beginning of a row that are no text.</param>
/// <param name="endOfTextId">The token that ends a text; null for none.</param>
/// <remarks>
/// By Bayes' rule p(n, g | left, right) is p(n) p(right | left, n) p(g | left, right, n) / p(right | left) for a gap g of n tokens.
/// p(right | left, n) is the probability of the right text n tokens behind the left one, whatever stands between them: a masked diffusion
/// model sums over that by itself where the gap stays masked. It is a likelihood of the same tokens for every n, so that no length is at an
/// advantage, as it is where the gap's own tokens are compared. p(n) is the same for all. By the same rule p(left | right, n) will do in
/// place of p(right | left, n); a model that is not perfect gives two estimates, which are better together. Where nothing is given for the
/// gap, g is the most confident filling.
/// </remarks>
internal sealed class GapSettler(
    IRowEvaluator evaluator, ILogitSource source, GapVocabulary vocabulary, double fillingWeight, int batchTokens, int startLength,
    int? endOfTextId)
{
    // Rows waiting at once are kept below this many tokens, so that memory stays bounded whatever the number of texts.
    private const long WindowTokens = 1 << 23;

    // The most confident tokens first, one token a step.
    private readonly SamplingOptions _greedy =
        new SamplingOptions { BatchTokens = batchTokens }.For(evaluator.AttentionBlockSize, isCached: false);
    private readonly RowScheduler _scheduler = new(evaluator, guidanceScale: 0, batchTokens);

    /// <summary>Rows that went through the network so far.</summary>
    public long NetworkRows => _scheduler.NetworkRows + source.NetworkRows;

    /// <summary>Settles every gap of every text.</summary>
    public void Settle(IReadOnlyList<GapTask> tasks, CancellationToken cancellation)
    {
        GapTask[] open = [.. tasks.Where(task => !task.IsSettled)];
        while (open.Length > 0)
        {
            List<Round> rounds = [];
            long tokens = 0;
            foreach (GapTask task in open)
            {
                Round round = Ask(task);
                rounds.Add(round);
                tokens += round.Tokens;
                if (tokens < WindowTokens)
                    continue;
                Finish(rounds, cancellation);
                tokens = 0;
            }
            Finish(rounds, cancellation);
            open = [.. open.Where(task => !task.IsSettled)];
        }
    }

    private void Finish(List<Round> rounds, CancellationToken cancellation)
    {
        _scheduler.Score(rounds.SelectMany(round => round.Rows), cancellation);
        foreach (MaskedRow row in rounds.SelectMany(round => round.Rows))
            RequestScorer.RequireFinite(-row.NegativeLogLikelihood, row.Targets.Length, row.Tokens.Length - row.Targets.Length);
        IEnumerable<SamplingRow?> fillings = rounds.SelectMany(round => round.Options).Select(option => option.Filling);
        new Decoder(source, _greedy).Run([.. fillings.OfType<SamplingRow>()], null, cancellation);
        foreach (Round round in rounds)
            round.Settle();
        rounds.Clear();
    }

    private Round Ask(GapTask task)
    {
        int[][] options = task.Options();
        // A length that is known needs no network.
        if (options.Length == 1 && !task.HasCandidates)
            return new Round(task, [new Option(options[0], [], [], [], null)], fillingWeight);
        GapRow[] rows = [.. options.Select(task.With)];
        bool hasEnd = rows.All(row => row.Tokens.Length < evaluator.ContextLength);
        int gap = task.Next, mask = evaluator.MaskTokenId;
        return new Round(task, [.. rows.Select((row, i) => new Option(
            options[i],
            GapQuestions.Before(row, gap, startLength, mask),
            GapQuestions.Behind(row, gap, hasEnd ? endOfTextId : null, mask),
            task.HasCandidates ? GapQuestions.Content(row, gap, mask) : [],
            task.HasCandidates || fillingWeight == 0 ? null : Filling(row, gap)))], fillingWeight);
    }

    private SamplingRow Filling(GapRow row, int gap)
    {
        (int first, int length) = row.Gaps[gap].GetOffsetAndLength(row.Tokens.Length);
        var request = new SamplingRequest(row.Tokens, [.. Enumerable.Range(first, length)])
        {
            Key = ContentKey.Of(row.Tokens), Vocabulary = vocabulary, Gaps = [row.Gaps[gap]], StartsText = row.StartsText && gap == 0,
            AttentionBlockSize = evaluator.AttentionBlockSize,
        };
        return new SamplingRow(request, _greedy, evaluator.MaskTokenId);
    }

    /// <summary>What is asked about the next gap of a text.</summary>
    private sealed record Round(GapTask Task, Option[] Options, double FillingWeight)
    {
        public IEnumerable<MaskedRow> Rows => Options.SelectMany(option => option.Rows);

        public long Tokens => Rows.Sum(row => (long)row.Tokens.Length);

        // Of equal options the first is taken.
        public void Settle()
        {
            int best = Enumerable.Range(0, Options.Length).MaxBy(i => Options[i].Score(FillingWeight));
            Task.Settle(best, Options[best].Ids, Options[best].LogProbability);
        }
    }

    /// <summary>What may stand in a gap, and what is asked about it.</summary>
    private sealed record Option(int[] Ids, MaskedRow[] Before, MaskedRow[] Behind, MaskedRow[] Content, SamplingRow? Filling)
    {
        public IEnumerable<MaskedRow> Rows => [.. Before, .. Behind, .. Content];

        /// <summary>log p(candidate), nats; 0 where there is none.</summary>
        public double LogProbability => Sum(Content);

        /// <summary>
        /// The logarithm of the option's probability, nats, less what is the same for every option. Both sides estimate the length's part
        /// of it, so their mean is taken.
        /// </summary>
        public double Score(double fillingWeight)
        {
            int sides = Math.Max(1, Math.Sign(Before.Length) + Math.Sign(Behind.Length));
            return (Sum(Before) + Sum(Behind)) / sides + LogProbability + fillingWeight * (Filling?.History.LogProbability ?? 0);
        }

        private static double Sum(MaskedRow[] rows) => rows.Aggregate(0.0, (sum, row) => sum - row.NegativeLogLikelihood);
    }
}
