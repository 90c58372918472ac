using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>A kind of question that the benchmark asks.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Prefix">Tokens of the context.</param>
/// <param name="Answer">Tokens of each answer option.</param>
/// <param name="Options">Answer options of a question.</param>
/// <param name="Questions">Questions scored together.</param>
/// <param name="Samples">Noise samples of this library for each option.</param>
internal sealed record LikelihoodCase(string Name, int Prefix, int Answer, int Options, int Questions, int Samples)
{
    /// <summary>Questions of random tokens, the same ones in every run.</summary>
    public LikelihoodRequest[][] Requests(TransformerConfig config) => [.. Enumerable.Range(0, Questions).Select(question =>
    {
        var random = new CounterRandom(1, (ulong)question, RandomPurpose.Example);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextInt32(config.VocabularySize))];
        int[] context = Ids(Prefix);
        return Enumerable.Range(0, Options).Select(_ => new LikelihoodRequest(context, Ids(Answer)) { RandomKey = ContentKey.Of(context) })
            .ToArray();
    })];
}
