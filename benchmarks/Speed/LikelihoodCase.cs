using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

/// <summary>A kind of question that the benchmark asks.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Questions">Questions scored together, each of some requests, all of them alike.</param>
/// <param name="Samples">Noise samples of each request, ours and the plain code's.</param>
/// <param name="RoundSize">Noisy copies that the plain code takes through the network together.</param>
internal sealed record LikelihoodCase(string Name, LikelihoodRequest[][] Questions, int Samples, int RoundSize)
{
    /// <summary>Questions with answer options after a common context.</summary>
    public static LikelihoodCase Options(string name, int vocabulary, int context, int answer, int options, int questions)
    {
        LikelihoodRequest[] Question(int number)
        {
            var random = new CounterRandom(1, (ulong)number, RandomPurpose.Example);
            int[] before = Ids(random, context, vocabulary);
            var requests = new LikelihoodRequest[options];
            for (int option = 0; option < options; option++)
            {
                int[] after = Ids(random, answer, vocabulary);
                requests[option] = new LikelihoodRequest(before, after) { RandomKey = ContentKey.Of(before) };
            }
            return requests;
        }
        return new LikelihoodCase(name, [.. Enumerable.Range(0, questions).Select(Question)], 128, 32);
    }

    /// <summary>One document, scored in windows: each window after the first scores as many new tokens as half the context has.</summary>
    public static LikelihoodCase Document(string name, int vocabulary, int tokens, int contextLength, int samples)
    {
        int[] text = Ids(new CounterRandom(1, 0, RandomPurpose.Example), tokens, vocabulary);
        IEnumerable<LikelihoodRequest> windows = TextWindows.Of([0], text, contextLength, TextWindows.DefaultStride(contextLength));
        return new LikelihoodCase(name, [[.. windows]], samples, samples);
    }

    private static int[] Ids(CounterRandom random, int count, int vocabulary)
    {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++)
            ids[i] = random.NextInt32(vocabulary);
        return ids;
    }
}
