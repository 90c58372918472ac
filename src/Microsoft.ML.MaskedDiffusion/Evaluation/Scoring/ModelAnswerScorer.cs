using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.Scoring;

/// <summary>Scores with a model of either kind.</summary>
internal sealed class ModelAnswerScorer : IAnswerScorer
{
    private readonly MaskedDiffusionModel _model;
    private readonly Lazy<string> _fingerprint;

    public ModelAnswerScorer(MaskedDiffusionModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _fingerprint = new Lazy<string>(() => Hash(model));
    }

    public int ContextLength => _model.Config.ContextLength;

    public TextTokenizer Tokenizer => _model.Tokenizer;

    public string Fingerprint() => _fingerprint.Value;

    public bool NeedsContext => _model.Config.Autoregressive;

    public void Require(LikelihoodOptions options) => RequestScorer.For(_model.Network, options);

    public LikelihoodEstimate[][] Score(
        IReadOnlyList<IReadOnlyList<LikelihoodRequest>> questions, LikelihoodOptions options, CancellationToken cancellation) =>
        RequestScorer.For(_model.Network, options).ScoreQuestions(questions, cancellation);

    public bool[] MatchGreedily(IReadOnlyList<LikelihoodRequest> requests, LikelihoodOptions options, CancellationToken cancellation) =>
        RequestScorer.For(_model.Network, options).MatchGreedily(requests, cancellation);

    // Equal models are saved as equal bytes.
    private static string Hash(MaskedDiffusionModel model)
    {
        using var hashing = new HashingStream(Stream.Null);
        model.Save(hashing);
        return hashing.Hash;
    }
}
