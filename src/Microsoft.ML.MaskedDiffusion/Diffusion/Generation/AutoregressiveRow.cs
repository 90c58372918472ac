using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

/// <summary>
/// A text that an autoregressive model writes after a prompt, token by token, with its keys and values kept in a cache. Where the window is
/// full and blocks are asked for, the last tokens are read again with room for a block after them.
/// </summary>
internal sealed class AutoregressiveRow : IGeneratingRow
{
    private readonly GenerationPlan _plan;
    private readonly INetworkSession _session;
    private readonly WrittenTokens _written;
    private readonly int[] _prompt;
    private readonly TokenChooser _chooser;
    private readonly ISamplingDraws _draws;
    private readonly AutoregressiveBranch _branch;
    private readonly AutoregressiveBranch? _unconditional;
    private TokenPrediction _prediction;

    /// <param name="plan">What is the same for all rows.</param>
    /// <param name="session">The network.</param>
    /// <param name="prompt">The prompt's ids, with the beginning of the text.</param>
    /// <param name="text">The prompt.</param>
    /// <param name="sample">The number of the sample, of several texts after one prompt.</param>
    /// <param name="draws">The draws; null for those of the options' seed and the prompt.</param>
    public AutoregressiveRow(
        GenerationPlan plan, INetworkSession session, int[] prompt, string text, int sample, ISamplingDraws? draws = null)
    {
        (_plan, _session, _prompt) = (plan, session, prompt);
        _written = new WrittenTokens(plan, text, prompt.Length);
        _chooser = new TokenChooser(plan.Options.Sampling);
        _draws = draws
            ?? new CounterDraws(plan.Options.Sampling.Seed, ContentKey.Combine(ContentKey.Of(prompt), (ulong)sample));
        _branch = new AutoregressiveBranch(prompt, kept: 0, plan);
        if (plan.Options.Sampling.GuidanceScale != 0)
            _unconditional = new AutoregressiveBranch(plan.NegativePrompt ?? plan.Start, kept: plan.NegativePrompt?.Length ?? 0, plan);
        if (plan.MaxNewTokens == 0)
            _written.Finish("", FinishReason.Length);
    }

    public bool IsDone => _written.IsFinished;

    public int WrittenCount => _written.Count;

    /// <summary>What the network is asked for the next token: one part, or a second one too where guidance acts on it.</summary>
    public IReadOnlyList<SequencePart> Parts()
    {
        SequencePart part = _branch.Next(_session, _written.Ids);
        // Where the window has left the prompt behind, only a negative prompt makes a difference.
        bool isGuided = _unconditional is not null && (_branch.SeesPrompt || _plan.NegativePrompt is not null)
            && _plan.Options.Sampling.IsGuided(1 - (double)_written.Count / _plan.MaxNewTokens);
        SequencePart[] parts = isGuided ? [part, _unconditional!.Next(_session, _written.Ids)] : [part];
        _written.CountStep(parts.Length);
        return parts;
    }

    /// <summary>Chooses the next token. Thread-safe beside other rows.</summary>
    public void Read(ReadOnlySpan<float> logits)
    {
        float[] own = logits.ToArray();
        IReadOnlyList<int> written = _written.Ids;
        int position = _prompt.Length + written.Count;
        RepetitionPenalty.Apply(own, _prompt.Concat(written), _plan.Options.Sampling, int.MaxValue);
        // The bytes so far, this token and those left to write must be whole characters together.
        byte before = _plan.Vocabulary.StateAfter(written);
        byte after = _plan.Vocabulary.StatesBefore(_plan.MaxNewTokens - written.Count - 1);
        int[] forbidden = _plan.Vocabulary.Forbidden(before, after);
        LogitChange.Of(
            _plan.RequestOf(_prompt.Length), _plan.Options.Sampling, position, forbidden, before == GapVocabulary.Between).AddTo(own);
        _prediction = _chooser.Choose(own, position, written.Count, _draws);
    }

    /// <summary>Takes the token that was chosen.</summary>
    public void AfterStep()
    {
        // The prediction's own probability is that among the others where a token is postponed.
        _written.Add(_written.Token(_prediction.Token, Math.Exp(_prediction.LogProbability), _written.Count));
        _written.FinishWhereItEnds();
    }

    public GenerationState State(bool isCancelled = false) => _written.State([], isCancelled);

    public GeneratedText Result() => _written.Result([]);

    public void Dispose()
    {
        _branch.Dispose();
        _unconditional?.Dispose();
    }
}
