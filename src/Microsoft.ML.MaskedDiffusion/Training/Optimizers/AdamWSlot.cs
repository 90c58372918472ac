using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Training.Optimizers;

/// <summary>A parameter with its two moment estimates and its weight decay.</summary>
internal sealed record AdamWSlot(string Name, Parameter Parameter, torch.Tensor FirstMoment, torch.Tensor SecondMoment, double WeightDecay);
