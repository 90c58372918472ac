namespace Microsoft.ML.MaskedDiffusion.Corpora;

/// <summary>The token ids of a corpus one after another, wherever they are kept.</summary>
internal interface ITokens
{
    long Count { get; }

    /// <summary>What tells these ids from others without reading them; null where they have to be read for that.</summary>
    string? Identity => null;

    /// <summary>Copies the ids [start, start + destination.Length) out.</summary>
    void CopyTo(long start, Span<long> destination);
}
