namespace Reproduce.Experiments.ScalingLaw;

/// <summary>
/// The least losses at five budgets of "Scaling up Masked Diffusion Models on Text" (Nie et al., 2024), read off the marks of its figure
/// of losses. SlimPajama, nats per token; the masked diffusion model's are bounds.
/// </summary>
internal static class PublishedPoints
{
    /// <summary>The error of a loss that was read off the figure, as a share of it.</summary>
    public const double ReadingError = 3e-3;

    /// <summary>The fit of the same marks before they were rounded to four digits.</summary>
    public static PowerLaw MaskedDiffusionLaw { get; } = new(50.4, -0.0626);

    /// <summary>The same for the autoregressive model.</summary>
    public static PowerLaw AutoregressiveLaw { get; } = new(45.7, -0.0642);

    public static double[] Flops { get; } = [6e18, 1e19, 3e19, 6e19, 1e20];

    public static double[] MaskedDiffusion { get; } = [3.374, 3.261, 3.042, 2.917, 2.830];

    public static double[] Autoregressive { get; } = [2.846, 2.749, 2.556, 2.448, 2.378];

    /// <summary>The parameters of the best model of each budget, outside embeddings, read off the figure of sizes.</summary>
    public static double[] MaskedDiffusionParameters { get; } = [84e6, 111e6, 229e6, 361e6, 479e6];

    /// <summary>The same for the autoregressive model.</summary>
    public static double[] AutoregressiveParameters { get; } = [153e6, 225e6, 445e6, 628e6, 1005e6];
}
