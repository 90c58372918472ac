using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends;

/// <summary>
/// Computes with the parameters of one <see cref="TransformerNetwork"/>, which checks all arguments, keeps the parameters alive during each
/// call and disposes the backend. Tensors are on the parameters' device. Inference is thread-safe as long as the parameters and the
/// settings do not change.
/// </summary>
internal interface INetworkBackend : IDisposable
{
    /// <summary>The arithmetic of later passes; <see cref="Precision.BFloat16Mixed"/> is for 32-bit parameters only.</summary>
    Precision Precision { get; set; }

    /// <summary>Which positions see which in later passes; null, unless it is set: as the configuration says.</summary>
    AttentionPattern? Attention { get; set; }

    /// <summary>Whether later forward passes keep little for their backward passes, which then compute the rest again.</summary>
    bool ActivationCheckpointing { get; set; }

    /// <summary>
    /// The states that the output layer reads, after the final norm or the prediction head, [rows, length, d], with a graph where gradients
    /// are wanted. Each is that of its own place, also where the output of a place predicts the next one.
    /// </summary>
    Tensor Hidden(TokenRows tokens);

    /// <summary>
    /// The same states at the places row * length + position, which ascend, [places, d], with a graph where gradients are wanted.
    /// </summary>
    Tensor HiddenAt(TokenRows tokens, long[] places);

    /// <summary>The logits [..., V] of states [..., d] in at least 32 bits, without a graph.</summary>
    Tensor Logits(Tensor states);

    /// <summary>
    /// The cross-entropy in nats, [n] in at least 32 bits, of states [n, d] with a target each, with a graph where gradients are wanted.
    /// </summary>
    Tensor CrossEntropy(Tensor states, long[] targets);

    /// <summary>
    /// The losses in nats, [n] in at least 32 bits, of states [n, d] at positions under hybrid noise, with a graph where gradients are
    /// wanted. Predicted are the tokens of text without the mask token.
    /// </summary>
    Tensor HybridLoss(Tensor states, HybridTerm[] terms);

    /// <summary>
    /// Writes log p(target), among the tokens of text, in nats for each query i, which asks state <paramref name="rows"/>[i] about
    /// <paramref name="targets"/>[i]. With <paramref name="unconditional"/>, states of the shape of <paramref name="states"/>, the logits
    /// are those of <see cref="LogitGuidance"/>.
    /// </summary>
    void LogProbabilities(Tensor states, Tensor? unconditional, double guidanceScale, int[] rows, int[] targets, Span<double> destination);

    /// <summary>Opens a session, which ends <paramref name="network"/>, the use that keeps the network alive, at its own end.</summary>
    INetworkSession OpenSession(UseCount.Use network);

    /// <summary>Frees memory that is kept for the next training step.</summary>
    void Trim();
}
