using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

/// <summary>
/// What an autoregressive network sees before the next token: a prompt and the tokens written so far, or the last of them.
/// </summary>
internal sealed class AutoregressiveBranch(int[] prompt, GenerationPlan plan) : IDisposable
{
    private KeyValueCache? _cache;

    // Where the window begins, and how many tokens of it the cache has.
    private int _start, _cached;

    /// <summary>The part that asks for the token after those written.</summary>
    public SequencePart Next(INetworkSession session, IReadOnlyList<int> written)
    {
        int length = prompt.Length + written.Count;
        if (length - _start > plan.ContextLength)
        {
            _start = length - (plan.ContextLength - plan.Options.Sampling.BlockLength!.Value);
            _cached = 0;
        }
        _cache ??= session.NewCache(Math.Min(plan.ContextLength, prompt.Length + plan.MaxNewTokens));
        int first = _start + _cached;
        var tokens = new int[length - first];
        for (int i = 0; i < tokens.Length; i++)
            tokens[i] = first + i < prompt.Length ? prompt[first + i] : written[first + i - prompt.Length];
        int from = _cached;
        _cached = length - _start;
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
