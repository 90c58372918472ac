
namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot;

/// <summary>What evaluation needs of a model.</summary>
internal interface IAnswerScorer
{
    /// <summary>Tokens that context and answer may have together.</summary>
    int ContextLength { get; }

    TextTokenizer Tokenizer { get; }

    /// <summary>Names the weights, so that a log of another model is noticed. May be slow.</summary>
    string Fingerprint();

    /// <summary>Whether scoring needs a token before the answer, as with an autoregressive model.</summary>
    bool NeedsContext => false;

    /// <summary>Refuses settings that do not apply to the model, before anything is read or logged.</summary>
    /// <exception cref="ArgumentException">A setting does not apply.</exception>
    void Require(LikelihoodOptions options)
    {
    }

    /// <summary>Estimates for the options of each question.</summary>
    LikelihoodEstimate[][] Score(
        IReadOnlyList<IReadOnlyList<LikelihoodRequest>> questions, LikelihoodOptions options, CancellationToken cancellation);

    /// <summary>
    /// For each request whether decoding its answer (a masked diffusion model's most confident token first, one a step) gives exactly it.
    /// </summary>
    bool[] MatchGreedily(IReadOnlyList<LikelihoodRequest> requests, LikelihoodOptions options, CancellationToken cancellation);
}
