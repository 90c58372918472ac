using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

/// <summary>
/// What an autoregressive network sees before the next token: a prompt and the tokens written so far, or the last of them.
/// </summary>
/// <param name="prompt">The prompt's ids.</param>
/// <param name="kept">How many of the prompt's first tokens stay before the window wherever it slides.</param>
/// <param name="plan">What is the same for all rows.</param>
internal sealed class AutoregressiveBranch(int[] prompt, int kept, GenerationPlan plan) : IDisposable
{
    private KeyValueCache? _cache;

    // Tokens that the window has left behind, and how many of those that it sees the cache has.
    private int _left, _cached;

    /// <summary>Whether something of the prompt is seen.</summary>
    public bool SeesPrompt => kept > 0 || _left < prompt.Length;

    /// <summary>The part that asks for the token after those written.</summary>
    public SequencePart Next(INetworkSession session, IReadOnlyList<int> written)
    {
        int length = prompt.Length + written.Count;
        if (length - _left > plan.ContextLength)
        {
            _left = length - (plan.ContextLength - plan.Options.Sampling.BlockLength!.Value);
            _cached = 0;
        }
        _cache ??= session.NewCache(Math.Min(plan.ContextLength, prompt.Length + plan.MaxNewTokens));
        int from = _cached;
        _cached = length - _left;
        var tokens = new int[_cached - from];
        for (int i = 0; i < tokens.Length; i++)
        {
            int place = from + i < kept ? from + i : from + i + _left;
            tokens[i] = place < prompt.Length ? prompt[place] : written[place - prompt.Length];
        }
        return new SequencePart
        {
            Tokens = tokens,
            Positions = Enumerable.Range(from, tokens.Length).ToArray(),
            KeyCount = _cached,
            Cache = _cache,
            Asked = new[] { tokens.Length - 1 },
        };
    }

    public void Dispose() => _cache?.Dispose();
}
