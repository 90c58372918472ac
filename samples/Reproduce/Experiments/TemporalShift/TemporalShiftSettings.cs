using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;

namespace Reproduce.Experiments.TemporalShift;

/// <summary>Everything that is chosen for the text of later years.</summary>
internal sealed record TemporalShiftSettings
{
    /// <summary>Small models that learn changelogs.</summary>
    public static TemporalShiftSettings Small { get; } = new() { Changelogs = new ChangelogSettings() };

    /// <summary>
    /// Pre-trained models on SlimPajama and on FineWeb of 2024. The published script joins documents to blocks of 2,048 tokens and draws 16
    /// to 1,024 masks of each; here each document is scored by itself, in windows where it is longer than the context.
    /// </summary>
    public static TemporalShiftSettings Published { get; } = new() { Documents = new DocumentSettings() };

    /// <summary>The changelogs and how models learn them; null where the models are pre-trained.</summary>
    public ChangelogSettings? Changelogs { get; init; }

    /// <summary>The documents that pre-trained models are measured on; null where models learn changelogs.</summary>
    public DocumentSettings? Documents { get; init; }

    /// <summary>Masks of each window of a text under masked diffusion.</summary>
    public int LikelihoodSamples { get; init; } = 16;

    public int Resamples { get; init; } = 2000;
}

/// <summary>What is chosen for changelogs, and the small models that learn them.</summary>
internal sealed record ChangelogSettings
{
    /// <summary>The training ends with the first of these.</summary>
    public IReadOnlyList<Years> Periods { get; init; } =
        [new(2020, 2020), new(2021, 2021), new(2022, 2022), new(2023, 2023), new(2024, 2026)];

    /// <summary>The most of the first period's texts that are held out, as a share.</summary>
    public double HeldOutShare { get; init; } = 0.25;

    /// <summary>The most test texts of a period.</summary>
    public int TestTexts { get; init; } = 250;

    /// <summary>Entries are cut to so many characters, so that those of hundreds of items do not count for all others.</summary>
    public int MostCharacters { get; init; } = 600;

    public int VocabularySize { get; init; } = 4096;

    public TransformerConfig Network => new()
    {
        Name = "changelogs", LayerCount = 2, HeadCount = 4, EmbeddingSize = 128, FeedForwardSize = 512,
        VocabularySize = VocabularySize, ContextLength = 64,
    };

    /// <summary>The masked diffusion model's.</summary>
    public int Steps { get; init; } = 2000;

    /// <summary>Those of the autoregressive model between which equal loss is looked for.</summary>
    public int[] AutoregressiveSteps { get; init; } = [75, 150, 300, 600];

    // Without a warm start, the masked diffusion model would hardly know more than word frequencies after so few steps.
    public SmallTraining Training { get; init; } = new() { BatchSize = 12, WarmStart = 1.0 / 3 };
}

/// <summary>What is chosen for documents of the training's time and of later.</summary>
internal sealed record DocumentSettings
{
    /// <summary>The first is of the training's time.</summary>
    public IReadOnlyList<DocumentFile> Files { get; init; } =
    [
        new("slimpajama.jsonl", "held-out documents of SlimPajama", new Period("SlimPajama", 2023), IsOptional: false),
        new("fineweb-2024-10.jsonl", "documents of FineWeb's CC-MAIN-2024-10", new Period("FineWeb, February and March 2024", 2024.16),
            IsOptional: false),
        new("fineweb-2024-18.jsonl", "documents of FineWeb's CC-MAIN-2024-18", new Period("FineWeb, April 2024", 2024.29),
            IsOptional: true),
    ];

    /// <summary>The most documents of a file, from its beginning, as published.</summary>
    public int MostDocuments { get; init; } = 500_000;

    /// <summary>The tokens behind which no more documents of a file are read; 100 x 1,024 x 2,048, as published.</summary>
    public int MostTokens { get; init; } = 100 * 1024 * 2048;

    /// <summary>Blocks that the documents of a file are dealt to, for the bootstrap.</summary>
    public int Blocks { get; init; } = 1000;
}

/// <summary>Some years.</summary>
internal sealed record Years(int First, int Last)
{
    /// <summary>For tables and the plot.</summary>
    public Period Period => new(First == Last ? $"{First}" : $"{First} to {Last}", (First + Last) / 2.0);
}

/// <summary>A time of texts: its name in tables, and where it stands in the plot.</summary>
internal sealed record Period(string Name, double Year);

/// <summary>A file of JSON lines with a field "text".</summary>
/// <param name="Name">Its name in the folder of data.</param>
/// <param name="Content">What is in it.</param>
/// <param name="Period">When its texts are of.</param>
/// <param name="IsOptional">Whether it may be missing.</param>
internal sealed record DocumentFile(string Name, string Content, Period Period, bool IsOptional);
