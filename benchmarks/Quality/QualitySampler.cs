using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Quality;

/// <summary>A sampler whose texts are judged.</summary>
/// <param name="Family">What it is drawn and listed together with.</param>
/// <param name="Name">Its name.</param>
/// <param name="Sampling">How it chooses.</param>
internal sealed record QualitySampler(string Family, string Name, SamplingOptions Sampling)
{
    public const string Ancestral = "random order", Ordered = "other orders", Adaptive = "counts by certainty";
    public const string Default = "default";
    public const string Masking = "remasking", Presets = "presets", Blocks = "blocks, caches", Causal = "autoregressive";

    /// <summary>The caches that are compared with computing everything.</summary>
    public static SamplingCache[] Caches => [SamplingCache.Prefix, SamplingCache.Dual, SamplingCache.Delayed()];

    /// <summary>All samplers of a masked diffusion model, for texts of so many new tokens.</summary>
    public static IEnumerable<QualitySampler> All(int tokens, int block) =>
        [.. RandomOrders(tokens), .. OtherOrders(), .. Counts(), .. Remaskings(tokens), .. Published(), .. InBlocks(block)];

    /// <summary>The samplers of an autoregressive model.</summary>
    public static IEnumerable<QualitySampler> OfAutoregressive()
    {
        yield return new(Causal, "autoregressive", new() { Temperature = 1 });
        yield return new(Causal, "autoregressive, top-p 0.9", new() { Temperature = 1, TopP = 0.9 });
    }

    /// <summary>The sampler of a cache: random order, one token a step, in blocks.</summary>
    public static SamplingOptions InBlock(int block, SamplingCache cache) =>
        new() { Order = SamplingOrder.Random, Temperature = 1, BlockLength = block, Cache = cache };

    private static IEnumerable<QualitySampler> RandomOrders(int tokens)
    {
        yield return new(Ancestral, Default, new GenerationOptions().Sampling);
        foreach (int count in new[] { 1, 2, 4 })
        {
            SamplingOptions ancestral = SamplingPresets.Smdm;
            ancestral.Steps = (tokens + count - 1) / count;
            yield return new(Ancestral, $"ancestral, {count} a step", ancestral);
        }
        yield return new(Ancestral, "default, top-p 0.9", new() { Order = SamplingOrder.Random, Temperature = 1, TopP = 0.9 });
        foreach (double temperature in new[] { 0.7, 0.5 })
        {
            yield return new(Ancestral, string.Create(CultureInfo.InvariantCulture, $"default at {temperature}"),
                new() { Order = SamplingOrder.Random, Temperature = temperature });
        }
    }

    private static IEnumerable<QualitySampler> OtherOrders()
    {
        SamplingOrder[] orders =
        [
            SamplingOrder.Confidence, SamplingOrder.TopProbability, SamplingOrder.Margin, SamplingOrder.Entropy, SamplingOrder.LeftToRight,
        ];
        foreach (SamplingOrder order in orders)
            yield return new(Ordered, order.Name, new() { Order = order, Temperature = 1 });
        foreach (SamplingOrder order in new[] { SamplingOrder.Margin, SamplingOrder.LeftToRight })
            yield return new(Ordered, $"{order}, top-p 0.9", new() { Order = order, Temperature = 1, TopP = 0.9 });
        yield return new(Ordered, "LeftToRight at 0.7", new() { Order = SamplingOrder.LeftToRight, Temperature = 0.7 });
        foreach (int count in new[] { 2, 4 })
        {
            yield return new(Ordered, $"Confidence, {count} a step",
                new() { Order = SamplingOrder.Confidence, TokensPerStep = TokensPerStep.Fixed(count), Temperature = 1 });
        }
        yield return new(Ordered, "Confidence at 0", new() { Order = SamplingOrder.Confidence });
    }

    private static IEnumerable<QualitySampler> Counts()
    {
        TokensPerStep[] rules = [TokensPerStep.Threshold(0.9), TokensPerStep.Threshold(0.5), TokensPerStep.Factor(1)];
        foreach (TokensPerStep rule in rules)
        {
            yield return new(Adaptive, rule.Name,
                new() { Order = SamplingOrder.TopProbability, TokensPerStep = rule, Temperature = 1 });
        }
        // A bound of 0.1 is the preset's.
        var bounded = TokensPerStep.EntropyBound(1);
        yield return new(Adaptive, bounded.Name, new() { Order = SamplingOrder.Entropy, TokensPerStep = bounded, Temperature = 1 });
    }

    private static IEnumerable<QualitySampler> Remaskings(int tokens)
    {
        Remasking[] rules =
        [
            Remasking.Cap(), Remasking.Rescale(), Remasking.LeastConfident, Remasking.Loop(), Remasking.Revision(),
            Remasking.PathPlanning(),
        ];
        foreach (Remasking rule in rules)
        {
            yield return new(Masking, rule.Name,
                new() { Order = SamplingOrder.Random, Remasking = rule, Temperature = 1, Steps = tokens });
        }
        yield return new(Masking, Remasking.DraftAndVerify().Name, new()
        {
            Order = SamplingOrder.TopProbability, TokensPerStep = TokensPerStep.Threshold(0.5), Remasking = Remasking.DraftAndVerify(),
            Temperature = 1,
        });
    }

    private static IEnumerable<QualitySampler> Published()
    {
        yield return new(Presets, nameof(SamplingPresets.Smdm), SamplingPresets.Smdm);
        yield return new(Presets, nameof(SamplingPresets.SmdmGreedy), SamplingPresets.SmdmGreedy);
        yield return new(Presets, nameof(SamplingPresets.LLaDA), SamplingPresets.LLaDA);
        yield return new(Presets, nameof(SamplingPresets.DLLM), SamplingPresets.DLLM);
        yield return new(Presets, nameof(SamplingPresets.Dream), SamplingPresets.Dream);
        yield return new(Presets, nameof(SamplingPresets.FastDLLM), SamplingPresets.FastDLLM);
        yield return new(Presets, nameof(SamplingPresets.ReMDM), SamplingPresets.ReMDM);
        yield return new(Presets, nameof(SamplingPresets.EntropyBound), SamplingPresets.EntropyBound);
    }

    private static IEnumerable<QualitySampler> InBlocks(int block)
    {
        yield return new(Blocks, $"blocks of {block}", InBlock(block, SamplingCache.None));
        foreach (SamplingCache cache in Caches)
            yield return new(Blocks, $"blocks, {cache}", InBlock(block, cache));
    }
}
