using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.PlainCode;

/// <summary>Training by whole steps, as this library and the plain code both do it.</summary>
internal interface ITrainingSteps : IDisposable
{
    /// <summary>The weights, with the gradients of the last step.</summary>
    IReadOnlyDictionary<string, TorchSharp.Modules.Parameter> Weights { get; }

    /// <summary>The loss of the last step in nats a token; on a GPU this waits for the step.</summary>
    double LastLoss { get; }

    /// <summary>Forward and backward pass alone; the gradients of earlier passes are gone.</summary>
    void Gradients(NoisyBatch batch);

    /// <summary>Forward and backward pass, clipping, optimizer.</summary>
    void Step(NoisyBatch batch);
}
