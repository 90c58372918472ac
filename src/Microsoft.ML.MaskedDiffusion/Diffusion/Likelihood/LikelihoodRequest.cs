using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A question about log p(answer | context). Immutable.</summary>
public sealed class LikelihoodRequest
{
    /// <summary>Creates a request.</summary>
    /// <param name="context">Token ids before the answer; may be empty.</param>
    /// <param name="answer">Token ids to be scored; at least one.</param>
    /// <exception cref="ArgumentException"><paramref name="answer"/> is empty.</exception>
    public LikelihoodRequest(int[] context, int[] answer)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(answer);
        if (answer.Length == 0)
        {
            throw new ArgumentException(
                "The answer has no tokens; a likelihood needs at least one. Leave out empty texts or give them an end-of-sequence token.",
                nameof(answer));
        }
        Context = context;
        Answer = answer;
    }

    /// <summary>Token ids before the answer. The mask token may stand for something unknown.</summary>
    public int[] Context { get; }

    /// <summary>Token ids that are scored.</summary>
    public int[] Answer { get; }

    /// <summary>
    /// Tokens of <see cref="Context"/> that guidance masks, from the first one on: those of the prompt, and none of the text that is scored
    /// piece by piece. Default: all.
    /// </summary>
    internal int PromptLength
    {
        get => field < 0 ? Context.Length : field;
        init;
    } = -1;

    /// <summary>The position at which blocks of attention begin. Default: that of the answer's first token.</summary>
    internal int BlockStart
    {
        get => field < 0 ? Context.Length : field;
        init;
    } = -1;

    /// <summary>
    /// Requests of the same key share their random numbers (the noise levels, and which positions are masked first). The noise of their
    /// estimates is then alike, and their differences are more precise: give the options of a question the same key, made of the question
    /// alone. Null, the default: the random numbers come from the context and the answer.
    /// </summary>
    public ulong? RandomKey { get; init; }

    /// <summary>
    /// For <see cref="LikelihoodMethod.ChainRule"/>: the order in which answer positions are revealed, a permutation of 0 .. answer length
    /// - 1. Null, the default: left to right.
    /// </summary>
    /// <exception cref="ArgumentException">The order is no permutation of the answer's positions.</exception>
    public IReadOnlyList<int>? Order
    {
        get;
        init
        {
            if (value is not null && !value.Order().SequenceEqual(Enumerable.Range(0, Answer.Length)))
            {
                throw new ArgumentException(
                    $"The order must name each of the answer's {Answer.Length} positions, 0 to {Answer.Length - 1}, once.", nameof(value));
            }
            field = value;
        }
    }
}

/// <summary>An estimate of log p(answer | context).</summary>
/// <param name="LogLikelihood">
/// The estimate in nats, summed over the answer's tokens. For a masked diffusion model this is an estimate of its variational lower bound.
/// </param>
/// <param name="StandardError">
/// Standard error of the estimate in nats; 0 where it is exact. The estimate ± 1.96 standard errors covers the exact figure in 95 % of
/// cases: where few samples leave the error itself uncertain, it is as much larger as that takes.
/// </param>
/// <param name="TokenCount">Tokens in the answer.</param>
/// <param name="NetworkRows">
/// Sequences the network had to look at for this request alone. Guidance counts double; a mask that occurs several times counts once.
/// </param>
public readonly record struct LikelihoodEstimate(double LogLikelihood, double StandardError, int TokenCount, int NetworkRows)
{
    /// <summary>The error in parts, for sums of estimates.</summary>
    internal EstimateError Error { get; init; } = EstimateError.Known(StandardError);

    /// <summary>The estimate of a product of parts whose random numbers are independent.</summary>
    internal static LikelihoodEstimate Sum(ReadOnlySpan<LikelihoodEstimate> parts)
    {
        double logLikelihood = 0;
        EstimateError error = default;
        int tokens = 0, rows = 0;
        foreach (LikelihoodEstimate part in parts)
        {
            logLikelihood += part.LogLikelihood;
            error += part.Error;
            tokens += part.TokenCount;
            rows += part.NetworkRows;
        }
        return new LikelihoodEstimate(logLikelihood, error.StandardError, tokens, rows) { Error = error };
    }
}
