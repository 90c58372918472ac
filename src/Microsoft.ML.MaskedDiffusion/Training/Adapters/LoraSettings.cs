using Microsoft.ML.MaskedDiffusion.Modeling.Adapters;

namespace Microsoft.ML.MaskedDiffusion.Training.Adapters;

/// <summary>Which layers a training adapts, and how.</summary>
/// <param name="Rank">The rank r of each update.</param>
/// <param name="Alpha">The numerator of the updates' factor alpha / r.</param>
/// <param name="Layers">The layers.</param>
/// <param name="Targets">Names that name just these layers.</param>
internal sealed record LoraSettings(int Rank, double Alpha, IReadOnlyList<LinearLayer> Layers, IReadOnlyList<string> Targets);
