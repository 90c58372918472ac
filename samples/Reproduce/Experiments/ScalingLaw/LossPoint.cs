using MathNet.Numerics.Distributions;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.ScalingLaw;

/// <summary>A trained model's loss on held-out text.</summary>
/// <param name="Kind">Which kind of model.</param>
/// <param name="Flops">Its budget.</param>
/// <param name="Parameters">Its parameters outside embeddings.</param>
/// <param name="Loss">The loss, in nats per token.</param>
/// <param name="Draws">The loss in each draw of a bootstrap; a draw of the same number is of the same text for all models.</param>
internal sealed record LossPoint(ModelKind Kind, double Flops, long Parameters, Interval Loss, double[] Draws);

/// <summary>The loss on blocks of held-out documents: the nats and tokens of each block.</summary>
internal sealed record BlockLosses(ModelKind Kind, double Flops, long Parameters, double[] Nats, long[] Tokens)
{
    /// <summary>The loss on all blocks, and on those of each draw.</summary>
    public LossPoint Point(int[][] draws)
    {
        Interval blocks = Interval.OfMean([.. Nats.Zip(Tokens, (nats, tokens) => nats / tokens)]);
        double loss = Nats.Sum() / Tokens.Sum();
        return new LossPoint(
            Kind, Flops, Parameters, new Interval(loss, loss - blocks.HalfWidth, loss + blocks.HalfWidth),
            [.. draws.Select(draw => draw.Sum(block => Nats[block]) / draw.Sum(block => Tokens[block]))]);
    }
}

/// <summary>The loss that a training measured at its end on held-out packed tokens, with its standard error.</summary>
internal sealed record ValidatedLoss(ModelKind Kind, double Flops, long Parameters, double Loss, double StandardError)
{
    /// <summary>
    /// The loss, with draws from the normal distribution of its error. All models are measured on the same blocks, which these draws do not
    /// know, so what is concluded from differences of models has wider intervals than it needs.
    /// </summary>
    public LossPoint Point(int draws, Random random) => new(
        Kind, Flops, Parameters, Interval.OfStandardError(Loss, StandardError),
        [.. Enumerable.Range(0, draws).Select(_ => Normal.Sample(random, Loss, StandardError))]);
}
