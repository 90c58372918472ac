namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Quality;

/// <summary>What is measured of the texts of a sampler, or of held-out text.</summary>
internal sealed record QualityFigures
{
    /// <summary>The sampler.</summary>
    public required string Name { get; init; }

    /// <summary>What it is drawn together with; empty for held-out text.</summary>
    public string Family { get; init; } = "";

    /// <summary>Negative log-likelihood under the autoregressive model, in nats a token, the end of a text among the tokens.</summary>
    public required Measured Loss { get; init; }

    /// <summary>The entropy of a text's own token frequencies in nats, averaged over texts, as MDLM and ReMDM report it.</summary>
    public required Measured Entropy { get; init; }

    /// <summary>The entropy of the token frequencies of all texts together, in nats.</summary>
    public required double PooledEntropy { get; init; }

    /// <summary>The 4-grams that stand earlier in the same text, over all 4-grams.</summary>
    public required Measured Repeated { get; init; }

    /// <summary>Distinct 4-grams of all texts over all their 4-grams.</summary>
    public required double Distinct { get; init; }

    /// <summary>The share of texts that have come to their end.</summary>
    public required Measured Ended { get; init; }

    /// <summary>Ends of texts over all tokens.</summary>
    public required Measured EndShare { get; init; }

    /// <summary>Tokens of a text without its end.</summary>
    public required Measured Length { get; init; }

    /// <summary>Tokens written a second by the fastest batch; null for held-out text.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>Rows that went through the network for a text; null for held-out text.</summary>
    public double? RowsPerText { get; init; }

    /// <summary>The texts.</summary>
    public IReadOnlyList<ContinuedText> Texts { get; init; } = [];

    /// <summary>The figures of texts, given the negative log-likelihood of each.</summary>
    public static QualityFigures Of(string name, IReadOnlyList<ContinuedText> texts, IReadOnlyList<double> losses)
    {
        int[][] words = [.. texts.Select(text => text.Words)];
        double[] tokens = [.. texts.Select(text => (double)text.Tokens.Length)];
        double[] ends = [.. texts.Select(text => text.HasEnded ? 1.0 : 0)];
        return new QualityFigures
        {
            Name = name,
            Loss = Measured.Ratio(losses, tokens),
            Entropy = Measured.Mean([.. words.Select(text => TextStatistics.Entropy(text))]),
            PooledEntropy = TextStatistics.Entropy(words.SelectMany(text => text)),
            Repeated = Measured.Ratio(
                [.. words.Select(text => (double)TextStatistics.RepeatedGramCount(text))],
                [.. words.Select(text => (double)TextStatistics.GramCount(text))]),
            Distinct = TextStatistics.DistinctShare(words),
            Ended = Measured.Mean(ends),
            EndShare = Measured.Ratio(ends, tokens),
            Length = Measured.Mean([.. words.Select(text => (double)text.Length)]),
        };
    }
}
