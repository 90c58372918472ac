using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The logits of all positions, unguided, which the library itself never asks for.</summary>
internal static class AllLogits
{
    /// <summary>Hands the logits of all states to <paramref name="reader"/>.</summary>
    public static void ReadLogits(this INetworkSession session, NetworkStates states, LogitRowReader reader) =>
        session.ReadLogits(states, [.. Enumerable.Range(0, states.Count)], null, 0, reader);

    /// <summary>The logits of all positions of all rows, [rows, length, V], without a graph.</summary>
    public static torch.Tensor Forward(this TransformerNetwork network, TokenRows tokens)
    {
        using IDisposable noGradient = torch.no_grad();
        using torch.Tensor hidden = network.Hidden(tokens);
        return network.Logits(hidden);
    }
}
