using Microsoft.ML.MaskedDiffusion.Evaluation.Scoring;
using Microsoft.ML.MaskedDiffusion.Text.BytePair;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Scores answers by a function of context and continuation as text; tokens are bytes.</summary>
internal sealed class FakeScorer(Func<string, string, (double Value, double Error)> score, int contextLength = 1000) : IAnswerScorer
{
    public int ContextLength => contextLength;

    // A corpus of one letter has nothing to merge: the tokens are the bytes.
    public TextTokenizer Tokenizer { get; } = BytePairTrainer.Train(["x"], BytePairTrainer.MinimumVocabularySize);

    public string Name { get; init; } = "fake";

    public List<LikelihoodRequest> Requests { get; } = [];

    public Func<string, bool> Greedy { get; init; } = _ => false;

    public Action? OnScore { get; init; }

    public string Fingerprint() => Name;

    public LikelihoodEstimate[][] Score(
        IReadOnlyList<IReadOnlyList<LikelihoodRequest>> questions, LikelihoodOptions options, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        OnScore?.Invoke();
        Requests.AddRange(questions.SelectMany(question => question));
        return [.. questions.Select(question => question.Select(Estimate).ToArray())];
    }

    public bool[] MatchGreedily(IReadOnlyList<LikelihoodRequest> requests, LikelihoodOptions options, CancellationToken cancellation) =>
        [.. requests.Select(request => Greedy(Tokenizer.Decode(request.Answer)))];

    private LikelihoodEstimate Estimate(LikelihoodRequest request)
    {
        (double value, double error) = score(Tokenizer.Decode(request.Context), Tokenizer.Decode(request.Answer));
        return new LikelihoodEstimate(value, error, request.Answer.Length, 1);
    }
}
