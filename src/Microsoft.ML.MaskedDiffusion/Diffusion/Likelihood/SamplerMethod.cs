using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>The likelihood under a sampler whose rules are functions of the tokens so far.</summary>
internal sealed class SamplerMethod : LikelihoodMethod
{
    private const string Word = "Sampler";
    private const string StepsWord = "Steps ";
    private const string BlockLengthWord = "BlockLength ";

    private SamplerMethod(SamplingOptions checkedOptions) : base(NameOf(checkedOptions))
    {
        Order = checkedOptions.Order;
        TokensPerStep = checkedOptions.TokensPerStep;
        Steps = checkedOptions.Steps;
        BlockLength = checkedOptions.BlockLength;
    }

    /// <summary>The names of the methods that fill one token a step in the orders of the library.</summary>
    public static new IEnumerable<string> Names => SamplingOrder.Names
        .Select(SamplingOrder.FromName)
        .Where(order => !order.UsesChosenToken && !order.UsesDraws)
        .Select(order => $"{Word}({order.Name})");

    /// <summary>Which positions go first.</summary>
    public SamplingOrder Order { get; }

    /// <summary>How many positions a step fills.</summary>
    public TokensPerStep TokensPerStep { get; }

    /// <summary>Steps of an answer; null for one token a step.</summary>
    public int? Steps { get; }

    /// <summary>Tokens of a block; null for the whole answer at once.</summary>
    public int? BlockLength { get; }

    /// <summary>The method of a sampler's options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range, or leaves no likelihood to compute.</exception>
    public static SamplerMethod Of(SamplingOptions options)
    {
        SamplingOptions own = options.Clone();
        Require(!own.Order.UsesChosenToken, nameof(own.Order), own.Order,
            "an order that does not depend on the token drawn: TopProbability, Margin, Entropy, LeftToRight or one of your own. "
            + "TopProbability goes by the most probable token instead of the one drawn");
        Require(!own.Order.UsesDraws, nameof(own.Order), own.Order,
            "an order that is not random: TopProbability, Margin, Entropy, LeftToRight or one of your own. For random orders "
            + "LikelihoodMethod.ExactCount gives a lower bound, and LikelihoodScorer.Interval bounds from both sides");
        Require(!own.TokensPerStep.UsesDraws, nameof(own.TokensPerStep), own.TokensPerStep,
            "a rule that is not random, such as EqualShares, Fixed or Threshold; the likelihood of the ancestral sampler is bounded by "
            + "LikelihoodMethod.ExactCount");
        Require(!own.TokensPerStep.UsesChosenToken, nameof(own.TokensPerStep), own.TokensPerStep,
            "a rule that does not depend on the tokens drawn, such as EqualShares, Fixed or Threshold");
        Require(own.Temperature == 1, nameof(own.Temperature), own.Temperature,
            "1, at which the sampler draws from the model's distribution");
        Require(own.Remasking == MaskedDiffusion.Remasking.None, nameof(own.Remasking), own.Remasking,
            "None: with tokens that are masked again an answer can come about in endlessly many ways");
        Require(own.SelfCorrectionSteps == 0, nameof(own.SelfCorrectionSteps), own.SelfCorrectionSteps,
            "0: a text that is corrected can come about in endlessly many ways");
        Require(own.Cache == SamplingCache.None, nameof(own.Cache), own.Cache, "None: old keys and values give another distribution");
        Require(own.GuidanceScale == 0, nameof(own.GuidanceScale), own.GuidanceScale, "0 here; set LikelihoodOptions.GuidanceScale");
        Require(own.GuidanceEnd == 0, nameof(own.GuidanceEnd), own.GuidanceEnd, "0: the guidance of a likelihood acts in every step");
        Require(own.GuidanceStart == 1, nameof(own.GuidanceStart), own.GuidanceStart, "1: the guidance of a likelihood acts in every step");
        Require(own.TopK is null, nameof(own.TopK), own.TopK, "null: tokens that a filter drops would make answers impossible");
        Require(own.TopP == 1, nameof(own.TopP), own.TopP, "1: tokens that a filter drops would make answers impossible");
        Require(own.MinP == 0, nameof(own.MinP), own.MinP, "0: tokens that a filter drops would make answers impossible");
        Require(own.RepetitionPenalty == 1, nameof(own.RepetitionPenalty), own.RepetitionPenalty,
            "1: a likelihood is that of the model's own distribution");
        Require(own.SuppressedTokens is null or { Count: 0 }, nameof(own.SuppressedTokens), own.SuppressedTokens?.Count,
            "none: answers with these tokens would be impossible");
        Require(!own.PostponesTokens, nameof(own.PostponedTokens), own.PostponedTokens?.Count,
            "none: which positions go first would depend on the tokens drawn");
        Require(own.TokenBias is null or { Count: 0 }, nameof(own.TokenBias), own.TokenBias?.Count,
            "none: a likelihood is that of the model's own distribution");
        Require(!own.SharesStepsAmongRows, nameof(own.SharesStepsAmongRows), own.SharesStepsAmongRows,
            "false: an answer's likelihood cannot depend on the answers beside it");
        return new SamplerMethod(own);
    }

    /// <summary>The method of a name; null where the name is none of a sampler.</summary>
    /// <exception cref="ArgumentException">An order or a rule is unknown or leaves no likelihood to compute.</exception>
    public static SamplerMethod? Parse(string name)
    {
        if (!name.StartsWith(Word + "(", StringComparison.OrdinalIgnoreCase) || !name.EndsWith(')'))
            return null;
        var parts = new Queue<string>(name[(Word.Length + 1)..^1].Split(',', StringSplitOptions.TrimEntries));
        var options = new SamplingOptions { Temperature = 1, Order = SamplingOrder.FromName(parts.Dequeue()) };
        if (parts.Count > 0 && Number(parts.Peek(), StepsWord) is null && Number(parts.Peek(), BlockLengthWord) is null)
            options.TokensPerStep = TokensPerStep.FromName(parts.Dequeue());
        if (parts.Count > 0 && Number(parts.Peek(), StepsWord) is { } steps)
            (options.Steps, _) = (steps, parts.Dequeue());
        if (parts.Count > 0 && Number(parts.Peek(), BlockLengthWord) is { } length)
            (options.BlockLength, _) = (length, parts.Dequeue());
        return parts.Count == 0 ? Of(options) : null;
    }

    /// <summary>Whether another method is the same, its order and its rule included.</summary>
    public bool IsSameAs(LikelihoodMethod other) =>
        other is SamplerMethod method && method.Name == Name && method.Order.GetType() == Order.GetType()
        && method.TokensPerStep.GetType() == TokensPerStep.GetType();

    private static string NameOf(SamplingOptions options)
    {
        List<string> parts = [options.Order.Name];
        bool hasMore = options.Steps is not null || options.BlockLength is not null;
        if (hasMore || options.TokensPerStep != TokensPerStep.EqualShares)
            parts.Add(options.TokensPerStep.Name);
        if (options.Steps is { } steps)
            parts.Add(StepsWord + steps.ToString(CultureInfo.InvariantCulture));
        if (options.BlockLength is { } length)
            parts.Add(BlockLengthWord + length.ToString(CultureInfo.InvariantCulture));
        return $"{Word}({string.Join(", ", parts)})";
    }

    private static int? Number(string part, string word) =>
        part.StartsWith(word, StringComparison.OrdinalIgnoreCase)
        && int.TryParse(part.AsSpan(word.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    private static void Require(bool holds, string option, object? value, string allowed) =>
        OptionCheck.Require(holds, option, value, allowed);
}
