using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Notes what a source of logits is asked, call by call; calls without rows are left out.</summary>
internal sealed class WatchedSource(ILogitSource inner) : ILogitSource
{
    public List<MaskedRow[]> Calls { get; } = [];

    /// <summary>For each call the tokens that were computed of its longest row.</summary>
    public int[] Computed => [.. Calls.Select(looks => looks.Max(look => look.Computed?.Length ?? look.Tokens.Length))];

    public long NetworkRows => inner.NetworkRows;

    public void Read(IEnumerable<MaskedRow> rows, MaskedRowReader reader, CancellationToken cancellation)
    {
        MaskedRow[] looks = [.. rows];
        if (looks.Length > 0)
            Calls.Add(looks);
        inner.Read(looks, reader, cancellation);
    }
}
