using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The logits of a session's states, all of them and unguided.</summary>
internal static class AllLogits
{
    /// <summary>Hands the logits of all states to <paramref name="reader"/>.</summary>
    public static void ReadLogits(this INetworkSession session, NetworkStates states, LogitRowReader reader) =>
        session.ReadLogits(states, [.. Enumerable.Range(0, states.Count)], null, 0, reader);
}
