using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Runs;

namespace Reproduce.Experiments.Orders;

/// <summary>Everything that is chosen in the experiment with Sudokus.</summary>
internal sealed record OrdersSettings
{
    /// <summary>Stands between the puzzle and its solution.</summary>
    public const string Separator = "=";

    private const int PublishedPuzzles = 1_800_000, PublishedBatchSize = 128, PublishedEpochs = 300;
    private const int PublishedSteps = (int)((long)PublishedEpochs * PublishedPuzzles / PublishedBatchSize);

    /// <summary>Sudokus of 6 x 6 cells that are made here, and networks of the same size.</summary>
    public static OrdersSettings Small { get; } = new()
    {
        Sudoku = Sudoku.OfSix,
        Training = new PromptTraining(Layers: 3, Width: 96, Steps: 1000, BatchSize: 32),
        TrainingPuzzles = 30_000,
        Questions = 300,
        Given = 14,
        Steps = [1, 2, 5, 11, 22],
    };

    /// <summary>
    /// Sudokus of 9 x 9 cells, 300 epochs of 1.8 million of them in batches of 128, 50 steps, and networks of 6 and 42 million parameters.
    /// The published networks are GPT-2's, and the published orders have noise in them.
    /// </summary>
    public static OrdersSettings Published { get; } = new()
    {
        Sudoku = Sudoku.OfNine,
        Training = new PromptTraining(Layers: 6, Width: 256, PublishedSteps, PublishedBatchSize)
        {
            HeadSize = 64, LearningRate = 1e-3, MicroBatchSize = PublishedBatchSize,
        },
        AutoregressiveTraining = new PromptTraining(Layers: 8, Width: 576, PublishedSteps, PublishedBatchSize)
        {
            HeadSize = 72, LearningRate = 2e-4, MicroBatchSize = PublishedBatchSize,
        },
        TrainingPuzzles = PublishedPuzzles,
        GeneratedPuzzles = 200_000,
        Questions = 1000,
        Given = 36,
        Steps = [5, 10, 25, 50],
    };

    /// <summary>The puzzles' size.</summary>
    public required Sudoku Sudoku { get; init; }

    /// <summary>The network and its training, of both kinds of model where the other is null.</summary>
    public required PromptTraining Training { get; init; }

    /// <summary>The same of the autoregressive model; null where it is as the masked diffusion model's.</summary>
    public PromptTraining? AutoregressiveTraining { get; init; }

    /// <summary>Puzzle, separator, solution, and an end of text at both ends.</summary>
    public int ContextLength => (2 * Sudoku.CellCount) + 3;

    /// <summary>Puzzles to learn from.</summary>
    public required int TrainingPuzzles { get; init; }

    /// <summary>Puzzles to learn from where they are made here; null where they always are.</summary>
    public int? GeneratedPuzzles { get; init; }

    /// <summary>Puzzles of the test.</summary>
    public required int Questions { get; init; }

    /// <summary>Given cells of a puzzle that is made here.</summary>
    public required int Given { get; init; }

    /// <summary>The orders of masked diffusion.</summary>
    public string[] Orders { get; init; } =
    [
        .. new[]
        {
            SamplingOrder.Random, SamplingOrder.LeftToRight, SamplingOrder.Confidence, SamplingOrder.Margin, SamplingOrder.Entropy,
        }.Select(order => order.Name),
    ];

    /// <summary>Steps in which the blank cells are filled in, rising; the last is what is compared.</summary>
    public required int[] Steps { get; init; }

    /// <summary>Masks for the bound on a solution's likelihood.</summary>
    public int LikelihoodSamples { get; init; } = 16;

    /// <summary>Where no way of filling in solves such a share, the models are not good enough to compare orders.</summary>
    public double LeastSolved { get; init; } = 0.1;

    /// <summary>The training of a kind of model.</summary>
    public PromptTraining TrainingOf(ModelKind kind) =>
        kind == ModelKind.Autoregressive && AutoregressiveTraining is { } own ? own : Training;
}
