using Microsoft.ML.MaskedDiffusion.Diffusion;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Evaluation;

/// <summary>Scores with a model.</summary>
internal sealed class ModelAnswerScorer : IAnswerScorer
{
    private readonly MaskedDiffusionModel _model;
    private readonly NetworkEvaluator _evaluator;
    private readonly Lazy<string> _fingerprint;

    public ModelAnswerScorer(MaskedDiffusionModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _evaluator = new NetworkEvaluator(model.Network);
        _fingerprint = new Lazy<string>(() => Hash(model));
    }

    public int ContextLength => _evaluator.ContextLength;

    public TextTokenizer Tokenizer => _model.Tokenizer;

    public string Fingerprint() => _fingerprint.Value;

    public LikelihoodEstimate[][] Score(IReadOnlyList<IReadOnlyList<LikelihoodRequest>> questions, LikelihoodOptions options, CancellationToken cancellation) =>
        new LikelihoodScorer(_evaluator, options).ScoreQuestions(questions, cancellation);

    public bool[] MatchGreedily(IReadOnlyList<LikelihoodRequest> requests, LikelihoodOptions options, CancellationToken cancellation) =>
        new GreedyMatcher(_evaluator, options).Match(requests, cancellation);

    // Equal models are saved as equal bytes.
    private static string Hash(MaskedDiffusionModel model)
    {
        using var hashing = new HashingStream(Stream.Null);
        model.Save(hashing);
        return Convert.ToHexStringLower(hashing.Hash());
    }
}
