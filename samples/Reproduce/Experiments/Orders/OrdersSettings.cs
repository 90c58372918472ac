using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;

namespace Reproduce.Experiments.Orders;

/// <summary>Everything that is chosen in the experiment with Sudokus.</summary>
internal sealed record OrdersSettings
{
    /// <summary>Stands between the puzzle and its solution.</summary>
    public const string Separator = "=";

    /// <summary>The network and its training, the same for both kinds of model.</summary>
    public PromptTraining Training { get; init; } = new(Layers: 3, Width: 96, Steps: 1000, BatchSize: 32);

    /// <summary>Puzzle, separator, solution, and an end of text at both ends.</summary>
    public int ContextLength { get; init; } = (2 * Sudoku.CellCount) + 3;

    public int TrainingPuzzles { get; init; } = 30_000;

    /// <summary>Puzzles of the test.</summary>
    public int Questions { get; init; } = 300;

    /// <summary>Given cells of a puzzle.</summary>
    public int Given { get; init; } = 14;

    /// <summary>The orders of masked diffusion.</summary>
    public string[] Orders { get; init; } =
    [
        .. new[]
        {
            SamplingOrder.Random, SamplingOrder.LeftToRight, SamplingOrder.Confidence, SamplingOrder.Margin, SamplingOrder.Entropy,
        }.Select(order => order.Name),
    ];

    /// <summary>Steps in which the blank cells are filled in; the last is one cell in each step.</summary>
    public int[] Steps { get; init; } = [1, 2, 5, 11, 22];

    /// <summary>Masks for the bound on a solution's likelihood.</summary>
    public int LikelihoodSamples { get; init; } = 16;

    /// <summary>Where no way of filling in solves such a share, the models are not good enough to compare orders.</summary>
    public double LeastSolved { get; init; } = 0.1;
}
