
namespace Microsoft.ML.MaskedDiffusion.Evaluation.Scoring;

/// <summary>The functions of a model that evaluation needs.</summary>
internal interface IAnswerScorer
{
    /// <summary>The largest number of tokens that context and answer may have together.</summary>
    int ContextLength { get; }

    TextTokenizer Tokenizer { get; }

    /// <summary>Identifies the weights, so that a log of another model is recognized. May be slow.</summary>
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
    /// For each request, whether greedy decoding gives exactly its answer. A masked diffusion model decodes one token per step, the most
    /// confident one first.
    /// </summary>
    bool[] MatchGreedily(IReadOnlyList<LikelihoodRequest> requests, LikelihoodOptions options, CancellationToken cancellation);
}
