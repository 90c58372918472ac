using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

/// <summary>
/// A text that a masked diffusion model writes after a prompt. Where prompt and new tokens fit the model's context, they are one row of
/// the sampler. Otherwise each block is a row of its own, and the network sees the last tokens before it: the window slides.
/// </summary>
internal sealed class GeneratingRow : IGeneratingRow
{
    private readonly GenerationPlan _plan;
    private readonly WrittenTokens _written;
    private readonly int[] _prompt;
    private readonly ulong _key;
    private SamplingRow? _current;
    private int _firstNew, _stepsBefore;

    /// <param name="plan">What is the same for all rows.</param>
    /// <param name="prompt">The prompt's ids, with the beginning of the text.</param>
    /// <param name="text">The prompt.</param>
    /// <param name="sample">The number of the sample, of several texts after one prompt.</param>
    public GeneratingRow(GenerationPlan plan, int[] prompt, string text, int sample)
    {
        (_plan, _prompt) = (plan, prompt);
        _written = new WrittenTokens(plan, text, prompt.Length);
        _key = ContentKey.Combine(ContentKey.Of(prompt), (ulong)sample);
        if (plan.MaxNewTokens == 0)
            _written.Finish("", FinishReason.Length);
        else
            Begin();
    }

    public bool IsDone => _written.IsFinished;

    public int WrittenCount => _written.Count + CurrentIds().Count(id => id != _plan.MaskTokenId);

    /// <summary>The sampler's row, while the writing goes on.</summary>
    public SamplingRow Current => _current!;

    /// <summary>Takes what the sampler's step has changed.</summary>
    public void AfterStep()
    {
        _written.CountStep(_current!.LastNetworkRows);
        if (_written.FinishAtStop(CurrentIds().TakeWhile(id => id != _plan.MaskTokenId)))
        {
            Absorb();
            return;
        }
        if (!_current.IsDone)
            return;
        Absorb();
        _written.FinishWhereItEnds();
        if (!IsDone)
            Begin();
    }

    public GenerationState State(bool isCancelled = false) => _written.State([.. CurrentTokens()], isCancelled);

    public GeneratedText Result() => _written.Result([.. CurrentTokens()]);

    public void Dispose() => _current?.Dispose();

    private void Begin()
    {
        int known = _prompt.Length + _written.Count, left = _plan.MaxNewTokens - _written.Count;
        int negative = _plan.NegativePrompt?.Length ?? 0;
        bool fits = Math.Max(_prompt.Length, negative) + _written.Count + left <= _plan.ContextLength;
        // A negative prompt stands before all that was written, also where the prompt has left the window.
        int context = fits ? _plan.ContextLength : _plan.ContextLength - negative;
        int block = fits ? left : Math.Min(left, _plan.Options.Sampling.BlockLength!.Value);
        int visible = fits ? left : Math.Min(left, Math.Max(block, context - known));
        int start = Math.Max(0, known + visible - context);
        int[] tokens = [.. _prompt.Concat(_written.Ids).Skip(start), .. Enumerable.Repeat(_plan.MaskTokenId, visible)];
        _firstNew = known - start;
        int promptLeft = Math.Max(0, _prompt.Length - start);
        SamplingRequest request = _plan.RequestOf(_prompt.Length - start) with
        {
            Tokens = tokens,
            Positions = [.. Enumerable.Range(_firstNew, block)],
            Key = ContentKey.Combine(_key, (ulong)_written.Count),
            MaskedBehind = left - block,
            TextLength = _plan.MaxNewTokens,
            PromptLength = promptLeft,
            NegativePrompt = _plan.NegativePrompt,
            BlockStart = _firstNew,
            Vocabulary = _plan.Vocabulary,
            Gaps = [promptLeft..tokens.Length],
            FirstStates = _plan.Vocabulary.StateAfter(_written.Ids.Take(start - _prompt.Length)),
            FinalStates = _plan.Vocabulary.StatesBefore(left - visible),
        };
        _current = new SamplingRow(request, fits ? _plan.Sampling : _plan.SamplingOfOneBlock, _plan.MaskTokenId);
    }

    private void Absorb()
    {
        foreach (GeneratedToken token in CurrentTokens().TakeWhile(token => !token.IsMasked))
            _written.Add(token);
        _stepsBefore += _current!.Steps;
        _current.Dispose();
        _current = null;
    }

    private IEnumerable<int> CurrentIds() => _current?.Tokens.Skip(_firstNew) ?? [];

    private IEnumerable<GeneratedToken> CurrentTokens()
    {
        int position = _firstNew;
        foreach (int id in CurrentIds())
        {
            CommitHistory history = _current!.History;
            yield return id == _plan.MaskTokenId
                ? new GeneratedToken(-1, "", double.NaN, -1, history.TimesMasked(position))
                : _written.Token(id, history.ProbabilityAt(position), _stepsBefore + history.StepAt(position),
                history.TimesMasked(position));
            position++;
        }
    }
}
