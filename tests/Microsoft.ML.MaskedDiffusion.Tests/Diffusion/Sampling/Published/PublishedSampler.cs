namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The options of the library's sampler that repeat a recorded run.</summary>
internal static class PublishedSampler
{
    /// <summary>Why a run is not repeated; null where it is.</summary>
    public static string? WhyLeftOut(PublishedRun run)
    {
        if (run.Reference.Contains("FastdLLM", StringComparison.Ordinal) && run.Has("factor"))
            return "another factor rule";
        if (run.Rows.Any(row => row.States[^1].Contains(run.MaskTokenId)))
            return "masks are left";
        if (IsUncachedThreshold(run) && run.Integer("steps") < run.Rows[0].States[0].Count(id => id == run.MaskTokenId))
            return "a threshold below a plan";
        return run.Integers("cfg_keep_tokens").Length > 0 ? "guidance that keeps tokens" : null;
    }

    /// <summary>The options of a run.</summary>
    public static SamplingOptions Options(PublishedRun run)
    {
        SamplingOptions options = run.Family == "dream" ? Dream(run) : Blocks(run);
        options.Steps = run.Integer("steps");
        options.Temperature = run.Number("temperature");
        options.GuidanceScale = run.Number("cfg_scale");
        string cache = run.Text("cache") + run.Text("use_cache");
        if (cache is "prefix" or "dual")
            options.Cache = SamplingCache.FromName(cache);
        if (run.Has("factor"))
            options.TokensPerStep = TokensPerStep.Factor(run.Number("factor"));
        return options;
    }

    private static bool IsUncachedThreshold(PublishedRun run) =>
        run.Text("alg") == "confidence_threshold" && run.Text("cache") + run.Text("use_cache") is "" or "none";

    // LLaDA, A2D and ModernBERT.
    private static SamplingOptions Blocks(PublishedRun run)
    {
        bool isPort = run.Reference.StartsWith("dLLM", StringComparison.Ordinal);
        SamplingOptions options = isPort ? SamplingPresets.DLLM : SamplingPresets.LLaDA;
        options.BlockLength = run.Has("block_size") ? run.Integer("block_size") : run.Integer("block_length");
        if (run.Text("remasking") == "random")
            options.Order = SamplingOrder.Random;
        if (run.Text("scheduler") == "CosineAlphaScheduler")
            options.TokensPerStep = TokensPerStep.Cosine;
        if (run.Has("threshold"))
            options.TokensPerStep = TokensPerStep.Threshold(run.Number("threshold"));
        options.SuppressedTokens = run.Flag("logits_eos_inf") ? [run.EndTokens.Sequence] : run.Integers("suppress_tokens");
        options.PostponedTokens = run.Integers("begin_suppress_tokens");
        // Above temperature 0 the reference changes the end of the turn only.
        if (run.Flag("confidence_eos_eot_inf"))
            options.PostponedTokens = run.Number("temperature") > 0 ? [run.EndTokens.Turn] : [run.EndTokens.Sequence, run.EndTokens.Turn];
        return options;
    }

    private static SamplingOptions Dream(PublishedRun run)
    {
        SamplingOptions options = SamplingPresets.Dream;
        options.TopP = run.Number("top_p", otherwise: 1);
        options.TopK = run.Has("top_k") ? run.Integer("top_k") : null;
        bool isPort = run.Reference.StartsWith("dLLM", StringComparison.Ordinal);
        bool isCached = run.Text("cache") + run.Text("use_cache") is "prefix" or "dual";
        // Fast-dLLM's own loop with a cache takes the lowest entropy first, whatever is asked.
        options.Order = isCached && !isPort && run.Text("alg") != "confidence_threshold" ? SamplingOrder.Entropy : Order(run.Text("alg"));
        options.TokensPerStep = run.Text("alg") switch
        {
            "origin" => TokensPerStep.Ancestral(run.Number("eps")),
            // A plan of one token a step leaves the threshold nothing to do.
            "confidence_threshold" when IsUncachedThreshold(run) => TokensPerStep.EqualShares,
            "confidence_threshold" => TokensPerStep.Threshold(run.Number("threshold")),
            _ when isPort && !isCached => TokensPerStep.FromName(run.Text("scheduler").Replace("AlphaScheduler", "")
                is { Length: > 0 } name ? name : "Linear"),
            _ => TokensPerStep.TimeLinear(run.Number("eps")),
        };
        if (isCached)
            options.BlockLength = run.Has("block_size") ? run.Integer("block_size") : run.Integer("block_length");
        return options;
    }

    private static SamplingOrder Order(string algorithm) => algorithm switch
    {
        "origin" => SamplingOrder.Random,
        "topk_margin" => SamplingOrder.Margin,
        "entropy" => SamplingOrder.Entropy,
        _ => SamplingOrder.Confidence,
    };
}
