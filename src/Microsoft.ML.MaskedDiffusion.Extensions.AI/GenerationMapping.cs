using Microsoft.Extensions.AI;

namespace Microsoft.ML.MaskedDiffusion.Extensions.AI;

/// <summary>The options of generation that a request asks for.</summary>
internal sealed class GenerationMapping
{
    private readonly ChatTemplate _template;
    private readonly GenerationOptions? _own;
    private readonly IReadOnlyDictionary<string, int>? _promptTokens;
    private readonly IReadOnlyList<int> _endTokens;

    /// <param name="template">The template for the model's tokenizer.</param>
    /// <param name="own">The client's own options.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="ArgumentException">The options have tokens of their own in prompts, or literal prompts.</exception>
    public GenerationMapping(ChatTemplate template, GenerationOptions own, MaskedDiffusionModel model)
    {
        _template = template;
        _promptTokens = template.PromptTokens(model.Tokenizer);
        _endTokens = template.EndTokens(model.Tokenizer) ?? [];
        _own = Completed(own, []);
    }

    /// <summary>
    /// The options of a request: those of <see cref="ChatOptions.RawRepresentationFactory"/>, if that gives any, or else the client's, with
    /// what the request says.
    /// </summary>
    /// <param name="request">What the request says; null for nothing.</param>
    /// <param name="client">The client, for the factory.</param>
    /// <exception cref="ArgumentOutOfRangeException">The seed is no 32-bit number.</exception>
    public GenerationOptions Of(ChatOptions? request, IChatClient? client)
    {
        if (request is null)
            return _own!;
        GenerationOptions options = request.RawRepresentationFactory?.Invoke(client!) is GenerationOptions raw
            ? Completed(raw, request.StopSequences ?? []) : Completed(_own!, request.StopSequences ?? []);
        options.MaxNewTokens = request.MaxOutputTokens ?? options.MaxNewTokens;
        options.MinNewTokens = Math.Min(options.MinNewTokens, Math.Max(0, options.MaxNewTokens ?? int.MaxValue));
        SamplingOptions sampling = options.Sampling;
        sampling.Temperature = request.Temperature ?? sampling.Temperature;
        sampling.TopP = request.TopP ?? sampling.TopP;
        sampling.TopK = request.TopK ?? sampling.TopK;
        if (request.Seed is { } seed)
        {
            if (seed is < int.MinValue or > int.MaxValue)
            {
                throw new ArgumentOutOfRangeException(nameof(ChatOptions.Seed), seed,
                    $"ChatOptions.Seed is {seed}; it must be a 32-bit number.");
            }
            sampling.Seed = (int)seed;
        }
        return options;
    }

    // A checked copy, with what the template adds.
    private GenerationOptions Completed(GenerationOptions options, IEnumerable<string> stops)
    {
        if (options.PromptTokens is not null && options != _own)
        {
            throw new ArgumentException(
                "Option Generation.PromptTokens must be null: which texts stand for tokens in a prompt, the template says.",
                nameof(options));
        }
        if (options.LiteralPrompts && options != _own)
        {
            throw new ArgumentException(
                "Option Generation.LiteralPrompts must be false: whether prompts are literal, the template says (PromptStart).",
                nameof(options));
        }
        GenerationOptions copy = options.Clone();
        copy.PromptTokens = _promptTokens;
        copy.EndTokens = [.. _endTokens.Union(copy.EndTokens ?? [])];
        copy.LiteralPrompts = _template.PromptStart is not null;
        copy.StopStrings = [.. _template.StopStrings.Concat(copy.StopStrings).Concat(stops).Distinct(StringComparer.Ordinal)];
        return copy;
    }
}
