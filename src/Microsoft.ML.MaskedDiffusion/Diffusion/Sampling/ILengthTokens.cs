namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>The tokens that change the length of a gap, and where they may be chosen. Safe for several threads.</summary>
internal interface ILengthTokens
{
    /// <summary>The tokens, ascending.</summary>
    IReadOnlyList<int> Ids { get; }

    /// <summary>Whether one of the tokens may be chosen at a masked position.</summary>
    bool Allows(int id, int position);
}
