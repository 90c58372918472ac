using Microsoft.ML.MaskedDiffusion.Benchmarks.PlainCode;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Modeling;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

/// <summary>
/// One case of the likelihood benchmark: the scorer and the plain loop, asked for as many samples, in turns. The loop takes one
/// request after the other, so its time for a question is that of one request times their number; for a document it is measured on the
/// second window, one of average length.
/// </summary>
/// <param name="Seconds">Seconds of a question.</param>
/// <param name="OurRows">Network rows of a question that the scorer computes.</param>
/// <param name="PlainRows">Those of the loop.</param>
/// <param name="OurError">Mean standard error of a question's requests, in nats, as the scorer reports it.</param>
/// <param name="PlainError">The loop's, from the spread of its rounds.</param>
/// <param name="BytesOfRow">Managed memory that the scorer allocates for a network row, the median.</param>
internal sealed record LikelihoodComparison(
    PairedTimes Seconds, double OurRows, double PlainRows, double OurError, double PlainError, double BytesOfRow)
{
    // Rounds of the loop of which its standard error is made at least.
    private const int LeastErrorRounds = 12;

    /// <summary>How many times as fast a network row is.</summary>
    public double RatioOfRows => Seconds.Ratio * OurRows / PlainRows;

    /// <summary>
    /// How many times as fast an answer of equal standard error is. The error of a loop falls as the root of its time, so time x error^2 is
    /// what a method costs whatever its samples. Not finite where ours is exact.
    /// </summary>
    public double RatioOfErrors => Seconds.Ratio * Math.Pow(PlainError / OurError, 2);

    /// <summary>Measures a case.</summary>
    public static LikelihoodComparison Of(TransformerNetwork network, PlainNetwork plain, LikelihoodCase item, int rounds)
    {
        var scorer = new MaskedDiffusionScorer(new NetworkEvaluator(network), new LikelihoodOptions { Samples = item.Samples });
        var loop = new PlainLikelihood(plain, item.RoundSize);
        LikelihoodRequest one = item.Questions[0][Math.Min(1, item.Questions[0].Length - 1)];
        int requests = item.Questions[0].Length;
        var times = new PairedTimes();
        var values = new List<double>();
        double error = 0;
        loop.Score(one, item.RoundSize, seed: 0);
        scorer.ScoreQuestions([[one]]);
        long rows = scorer.NetworkRows;
        var bytes = new List<double>();
        for (int round = 1; round <= rounds; round++)
        {
            long allocated = GC.GetTotalAllocatedBytes(precise: true);
            double ours = Timing.Seconds(network.Device, () => error = scorer.ScoreQuestions(item.Questions)
                .SelectMany(question => question).Average(estimate => estimate.StandardError));
            bytes.Add(GC.GetTotalAllocatedBytes(precise: true) - allocated);
            double onTorch = Timing.Seconds(network.Device, () => values.AddRange(loop.Score(one, item.Samples, round)));
            times.Add(ours / item.Questions.Length, onTorch * requests);
        }
        double ourRows = (scorer.NetworkRows - rows) / (double)rounds / item.Questions.Length;
        for (int seed = rounds + 1; values.Count < LeastErrorRounds; seed++)
            values.AddRange(loop.Score(one, item.RoundSize, seed));
        double perRound = item.Samples / (double)item.RoundSize;
        double bytesOfRow = Timing.Median(bytes) / item.Questions.Length / ourRows;
        return new LikelihoodComparison(
            times, ourRows, item.Samples * requests, error, Deviation(values) / Math.Sqrt(perRound), bytesOfRow);
    }

    private static double Deviation(List<double> values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }
}
