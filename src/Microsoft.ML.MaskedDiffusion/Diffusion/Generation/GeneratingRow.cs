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
    private readonly CompletionText _text;
    private readonly int[] _prompt;
    private readonly ulong _key;
    private readonly List<GeneratedToken> _written = [];
    private SamplingRow? _current;
    private int _firstNew, _steps, _stepsBefore, _networkSteps, _networkRows;
    private string? _finished;
    private FinishReason _reason;
    private GeneratedToken[] _before = [];

    /// <param name="plan">What is the same for all rows.</param>
    /// <param name="prompt">The prompt's ids, with the beginning of the text.</param>
    /// <param name="text">The prompt.</param>
    /// <param name="sample">The number of the sample, of several texts after one prompt.</param>
    public GeneratingRow(GenerationPlan plan, int[] prompt, string text, int sample)
    {
        _plan = plan;
        _prompt = prompt;
        _text = new CompletionText(plan.Tokenizer, text);
        _key = ContentKey.Combine(ContentKey.Of(prompt), (ulong)sample);
        if (plan.Options.MaxNewTokens == 0)
            Finish("", FinishReason.Length);
        else
            Begin();
    }

    public bool IsDone => _finished is not null;

    public int WrittenCount => _written.Count + (_current is null ? 0 : _current.Total - _current.Left);

    /// <summary>The sampler's row, while the writing goes on.</summary>
    public SamplingRow Current => _current!;

    /// <summary>Takes what the sampler's step has changed.</summary>
    public void AfterStep()
    {
        _steps++;
        if (_plan.Stops is { } stops)
        {
            string text = _text.OfUnfinished(Prefix());
            if (stops.Find(text) is >= 0 and { } at)
            {
                Absorb();
                Finish(text[..at], FinishReason.StopString);
                return;
            }
        }
        if (!_current!.IsDone)
            return;
        Absorb();
        if (_written[^1].Id == _plan.EndOfTextId)
            Finish(_text.Of(Ids()), FinishReason.EndOfText);
        else if (_written.Count == _plan.Options.MaxNewTokens)
            Finish(_text.Of(Ids()), FinishReason.Length);
        else
            Begin();
    }

    public GenerationState State(bool isCancelled = false)
    {
        GeneratedToken[] now = [.. _written, .. CurrentTokens()];
        int[] changed = [.. Enumerable.Range(0, now.Length).Where(i => i >= _before.Length || now[i] != _before[i])];
        if (_before.Length == 0)
            changed = [.. changed.Where(i => !now[i].IsMasked)];
        _before = now;
        string text = _finished ?? _text.OfUnfinished(Prefix());
        if (_finished is null && !isCancelled && _plan.Stops is { } stops)
            text = text[..stops.SafeLength(text)];
        return new GenerationState
        {
            Step = Math.Max(0, _steps - 1),
            Tokens = now,
            Changed = changed,
            Text = text,
            Result = IsDone || isCancelled ? Result() : null,
        };
    }

    public GeneratedText Result()
    {
        GeneratedToken[] tokens = IsDone ? [.. _written] : [.. _written, .. CurrentTokens().TakeWhile(token => !token.IsMasked)];
        return new GeneratedText
        {
            Text = _finished ?? _text.OfUnfinished(Prefix()),
            FinishReason = IsDone ? _reason : FinishReason.Cancelled,
            Tokens = tokens,
            LogProbability = tokens.Sum(token => Math.Log(token.Probability)),
            PromptTokenCount = _prompt.Length,
            StepCount = _networkSteps + (_current?.NetworkSteps ?? 0),
            NetworkRowCount = _networkRows + (_current?.NetworkRows ?? 0),
        };
    }

    private void Begin()
    {
        int context = _plan.ContextLength, known = _prompt.Length + _written.Count, left = _plan.Options.MaxNewTokens - _written.Count;
        int[] sequence = [.. _prompt, .. _written.Select(token => token.Id)];
        bool fits = known + left <= context;
        int block = fits ? left : Math.Min(left, _plan.Options.Sampling.BlockLength!.Value);
        int visible = fits ? left : Math.Min(left, Math.Max(block, context - known));
        int start = Math.Max(0, known + visible - context);
        int[] tokens = [.. sequence[start..], .. Enumerable.Repeat(_plan.MaskTokenId, visible)];
        _firstNew = known - start;
        int promptLeft = Math.Max(0, _prompt.Length - start);
        var request = new SamplingRequest(tokens, [.. Enumerable.Range(_firstNew, block)])
        {
            Key = ContentKey.Combine(_key, (ulong)_written.Count),
            PromptLength = promptLeft,
            BlockStart = _firstNew,
            Vocabulary = _plan.Vocabulary,
            Gaps = [promptLeft..tokens.Length],
            FirstStates = _plan.Vocabulary.StateAfter(_written.Take(start - _prompt.Length).Select(token => token.Id)),
            FinalStates = _plan.Vocabulary.StatesBefore(left - visible),
            EndOfTextId = _plan.EndOfTextId,
            FirstEnd = _prompt.Length + _plan.Options.MinNewTokens - start,
            EndOfTextPenalty = _plan.Options.EndOfTextPenalty,
        };
        _current = new SamplingRow(request, _plan.Options.Sampling, _plan.MaskTokenId);
    }

    private void Absorb()
    {
        foreach (GeneratedToken token in CurrentTokens().TakeWhile(token => !token.IsMasked))
        {
            _written.Add(token);
            if (token.Id == _plan.EndOfTextId)
                break;
        }
        _stepsBefore += _current!.Steps;
        _networkSteps += _current.NetworkSteps;
        _networkRows += _current.NetworkRows;
        _current = null;
    }

    private void Finish(string text, FinishReason reason) => (_finished, _reason) = (text, reason);

    private int[] Ids() => [.. _written.Select(token => token.Id)];

    // The ids up to the first masked position.
    private int[] Prefix() => _current is null
        ? Ids()
        : [.. Ids(), .. _current.Tokens.Skip(_firstNew).TakeWhile(id => id != _plan.MaskTokenId)];

    private IEnumerable<GeneratedToken> CurrentTokens()
    {
        if (_current is null)
            yield break;
        for (int position = _firstNew; position < _current.Tokens.Length; position++)
        {
            int id = _current.Tokens[position];
            bool isMasked = id == _plan.MaskTokenId;
            yield return new GeneratedToken(
                isMasked ? -1 : id, isMasked ? "" : _text.OfToken(id), _current.History.ProbabilityAt(position),
                isMasked ? -1 : _stepsBefore + _current.History.StepAt(position), _current.History.TimesMasked(position));
        }
    }
}
