using System.Numerics;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// What is asked about the probability of one answer that is revealed in a random order: the mean over all orders of the chain rule's
/// probability.
/// </summary>
internal abstract class OrderMixture(LikelihoodRequest request)
{
    /// <summary>Tokens of the answer.</summary>
    protected int Length { get; } = request.Answer.Length;

    /// <summary>
    /// All orders at once where that costs no more network rows than the orders asked for, and a sample of them where not.
    /// </summary>
    /// <param name="request">The answer and its context.</param>
    /// <param name="orders">How many orders a sample has.</param>
    /// <param name="seed">The user's seed.</param>
    public static OrderMixture Of(LikelihoodRequest request, int orders, int seed)
    {
        int length = request.Answer.Length;
        return EnumerateMethod.Count(length) <= (long)orders * length
            ? new AllOrders(request)
            : new SampledOrders(request, orders, seed);
    }

    /// <summary>
    /// The masks to ask about, each with one position, and what takes its log-probability in nats. Equal hidden positions are one row.
    /// </summary>
    public abstract IEnumerable<(AnswerMask Mask, Action<double> Take)> Questions();

    /// <summary>The bounds, when all questions are answered.</summary>
    public abstract MixtureBounds Bounds();

    /// <summary>Orders drawn at random, L network rows each at most.</summary>
    private sealed class SampledOrders(LikelihoodRequest request, int orders, int seed) : OrderMixture(request)
    {
        private readonly double[] _logs = new double[orders];
        private readonly ulong _key =
            request.RandomKey ?? ContentKey.Combine(ContentKey.Of(request.Context), ContentKey.Of(request.Answer));

        public override IEnumerable<(AnswerMask Mask, Action<double> Take)> Questions()
        {
            for (int number = 0; number < _logs.Length; number++)
            {
                int own = number;
                int[] order = Order(number);
                for (int j = 0; j < order.Length; j++)
                {
                    int[] hidden = order[j..];
                    Array.Sort(hidden);
                    yield return (new AnswerMask(hidden, [order[j]]), log => _logs[own] += log);
                }
            }
        }

        public override MixtureBounds Bounds() => MixtureBounds.Of(_logs);

        // Positions draw their ranks one after the other, so that answers of other lengths with the same key rank them alike.
        private int[] Order(int number)
        {
            var random = new CounterRandom((ulong)seed, ContentKey.Combine(_key, (ulong)number), RandomPurpose.RevealOrder);
            var ranks = new double[Length];
            int[] positions = new int[Length];
            for (int i = 0; i < Length; i++)
                (ranks[i], positions[i]) = (random.NextDouble(), i);
            Array.Sort(ranks, positions);
            return positions;
        }
    }

    /// <summary>
    /// All L! orders with 2^L - 1 network rows: orders that have revealed the same tokens go on alike, so their probabilities are added
    /// before they go on.
    /// </summary>
    private sealed class AllOrders : OrderMixture
    {
        // log p of each position after each set of visible ones.
        private readonly double[,] _logs;

        public AllOrders(LikelihoodRequest request) : base(request) => _logs = new double[1 << Length, Length];

        public override IEnumerable<(AnswerMask Mask, Action<double> Take)> Questions()
        {
            for (int visible = 0; visible < (1 << Length) - 1; visible++)
            {
                int set = visible;
                int[] hidden = [.. Enumerable.Range(0, Length).Where(i => (set >> i & 1) == 0)];
                foreach (int position in hidden)
                    yield return (new AnswerMask(hidden, [position]), log => _logs[set, position] = log);
            }
        }

        public override MixtureBounds Bounds()
        {
            // For each set the logarithm of the sum, over all orders of revealing it, of their probabilities.
            var sums = new double[1 << Length];
            Array.Fill(sums, double.NegativeInfinity, 1, sums.Length - 1);
            double mean = 0, logOrders = 0;
            for (int visible = 0; visible < sums.Length - 1; visible++)
            {
                int hidden = Length - BitOperations.PopCount((uint)visible);
                double weight = 1 / (hidden * Combinations.Count(Length, hidden));
                for (int i = 0; i < Length; i++)
                {
                    int next = visible | 1 << i;
                    if (next == visible)
                        continue;
                    mean += weight * _logs[visible, i];
                    sums[next] = Add(sums[next], sums[visible] + _logs[visible, i]);
                }
            }
            for (int i = 2; i <= Length; i++)
                logOrders += Math.Log(i);
            return MixtureBounds.Exact(mean, sums[^1] - logOrders);
        }

        // log(e^a + e^b).
        private static double Add(double a, double b)
        {
            double large = Math.Max(a, b), small = Math.Min(a, b);
            return large + Math.Log(1 + Math.Exp(small - large));
        }
    }
}
