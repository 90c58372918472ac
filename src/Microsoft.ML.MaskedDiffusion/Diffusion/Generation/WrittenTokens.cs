namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

/// <summary>
/// The tokens of a text that is being written and will not change any more, where the text ends, and what is shown of it.
/// </summary>
/// <param name="plan">What is the same for all rows.</param>
/// <param name="prompt">The prompt.</param>
/// <param name="promptTokenCount">Its number of tokens.</param>
internal sealed class WrittenTokens(GenerationPlan plan, string prompt, int promptTokenCount)
{
    private readonly CompletionText _text = new(plan.Tokenizer, plan.EndOfTextIds, prompt, plan.Options.LiteralPrompts);
    private readonly List<GeneratedToken> _tokens = [];
    private readonly List<int> _ids = [];
    private GeneratedToken[] _shown = [];
    private string? _finished;
    private FinishReason _reason;
    private int _steps, _networkSteps, _networkRows;

    /// <summary>Tokens written.</summary>
    public int Count => _ids.Count;

    /// <summary>Their ids.</summary>
    public IReadOnlyList<int> Ids => _ids;

    /// <summary>Whether the text has ended.</summary>
    public bool IsFinished => _finished is not null;

    /// <summary>A token as it is shown.</summary>
    public GeneratedToken Token(int id, double probability, int step, int timesMasked = 0) =>
        new(id, _text.OfToken(id), probability, step, timesMasked);

    /// <summary>Adds a token; what follows an end of the text is left out.</summary>
    public void Add(GeneratedToken token)
    {
        if (_ids.Count > 0 && plan.EndOfTextIds.Contains(_ids[^1]))
            return;
        _tokens.Add(token);
        _ids.Add(token.Id);
    }

    /// <summary>Notes a step that asked the network for so many rows.</summary>
    public void CountStep(int networkRows)
    {
        _networkSteps += networkRows > 0 ? 1 : 0;
        _networkRows += networkRows;
    }

    /// <summary>Ends the text.</summary>
    public void Finish(string text, FinishReason reason) => (_finished, _reason) = (text, reason);

    /// <summary>Ends the text before the first stop string among the tokens written and those that follow them.</summary>
    public bool FinishAtStop(IEnumerable<int> following)
    {
        if (plan.Stops is not { } stops)
            return false;
        string text = _text.OfUnfinished([.. _ids, .. following]);
        int at = stops.Find(text);
        if (at >= 0)
            Finish(text[..at], FinishReason.StopString);
        return at >= 0;
    }

    /// <summary>Ends the text where a stop string, its end or the most tokens are written.</summary>
    public void FinishWhereItEnds()
    {
        if (FinishAtStop([]))
            return;
        if (plan.EndOfTextIds.Contains(_ids[^1]))
            Finish(_text.Of(_ids), FinishReason.EndOfText);
        else if (_ids.Count == plan.MaxNewTokens)
            Finish(_text.Of(_ids), FinishReason.Length);
    }

    /// <summary>The state after a step.</summary>
    /// <param name="following">The tokens after those written, which may change.</param>
    /// <param name="isCancelled">Whether no step follows.</param>
    public GenerationState State(IReadOnlyList<GeneratedToken> following, bool isCancelled)
    {
        GeneratedToken[] now = [.. _tokens, .. following];
        int[] changed = [.. Enumerable.Range(0, now.Length).Where(i => i < _shown.Length ? now[i] != _shown[i] : !now[i].IsMasked)];
        _shown = now;
        string text = Text(following);
        if (!IsFinished && !isCancelled && plan.Stops is { } stops)
            text = text[..stops.SafeLength(text)];
        return new GenerationState
        {
            Step = _steps++,
            Tokens = now,
            Changed = changed,
            Text = text,
            NetworkRowCount = _networkRows,
            Result = IsFinished || isCancelled ? Result(following) : null,
        };
    }

    /// <summary>What was written; where the text has not ended, as cancelled.</summary>
    public GeneratedText Result(IReadOnlyList<GeneratedToken> following)
    {
        GeneratedToken[] tokens =
            IsFinished ? [.. _tokens] : UpToTheEnd([.. _tokens, .. following.TakeWhile(token => !token.IsMasked)]);
        return new GeneratedText
        {
            Text = Text(following),
            FinishReason = IsFinished ? _reason : FinishReason.Cancelled,
            Tokens = tokens,
            LogProbability = tokens.Sum(token => Math.Log(token.Probability)),
            PromptTokenCount = promptTokenCount,
            StepCount = _networkSteps,
            NetworkRowCount = _networkRows,
        };
    }

    // With remasking, tokens behind the end of the text stand until the end is settled.
    private GeneratedToken[] UpToTheEnd(GeneratedToken[] tokens)
    {
        int end = Array.FindIndex(tokens, token => plan.EndOfTextIds.Contains(token.Id));
        return end < 0 ? tokens : tokens[..(end + 1)];
    }

    private string Text(IReadOnlyList<GeneratedToken> following) =>
        _finished ?? _text.OfUnfinished([.. _ids, .. following.TakeWhile(token => !token.IsMasked).Select(token => token.Id)]);
}
