using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>A kind of question: tokens of the prefix and of an answer, options, how many questions are asked together, and masks an option.</summary>
internal sealed record LikelihoodCase(string Name, int Prefix, int Answer, int Options, int Questions, int Samples)
{
    /// <summary>Questions of random tokens, always the same ones.</summary>
    public LikelihoodRequest[][] Requests(TransformerConfig config) => [.. Enumerable.Range(0, Questions).Select(question =>
    {
        var random = new CounterRandom(1, (ulong)question, RandomPurpose.Example);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextInt32(config.VocabularySize))];
        int[] context = Ids(Prefix);
        return Enumerable.Range(0, Options).Select(_ => new LikelihoodRequest(context, Ids(Answer)) { RandomKey = ContentKey.Of(context) }).ToArray();
    })];
}
