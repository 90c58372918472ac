using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Runs;

namespace Reproduce.Experiments.ScalingLaw;

/// <summary>A budget of compute and the networks that are trained with it.</summary>
/// <param name="Flops">6 x parameters outside embeddings x tokens.</param>
/// <param name="MaskedDiffusion">The networks of masked diffusion, rising in size.</param>
/// <param name="Autoregressive">Those of the autoregressive models.</param>
internal sealed record IsoFlopBudget(
    double Flops, [property: JsonIgnore] TransformerConfig[] MaskedDiffusion, [property: JsonIgnore] TransformerConfig[] Autoregressive)
{
    public string[] MaskedDiffusionSizes => Array.ConvertAll(MaskedDiffusion, network => network.Name);

    public string[] AutoregressiveSizes => Array.ConvertAll(Autoregressive, network => network.Name);

    /// <summary>The networks of a kind of model.</summary>
    public TransformerConfig[] Of(ModelKind kind) => kind == ModelKind.MaskedDiffusion ? MaskedDiffusion : Autoregressive;
}
