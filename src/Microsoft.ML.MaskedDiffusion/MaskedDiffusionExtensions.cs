namespace Microsoft.ML.MaskedDiffusion;

/// <summary>The door: what this library adds to <see cref="MLContext"/>.</summary>
public static class MaskedDiffusionExtensions
{
    /// <summary>Masked diffusion language models: training, scoring, filling, saving and loading.</summary>
    /// <param name="mlContext">The context whose log and settings are used.</param>
    public static MaskedDiffusionCatalog MaskedDiffusion(this MLContext mlContext)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        return new MaskedDiffusionCatalog(mlContext);
    }
}
