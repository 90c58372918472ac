namespace Microsoft.ML.MaskedDiffusion.Diffusion.Commitment;

/// <summary>Tokens are final.</summary>
internal sealed class NoRemasking() : Remasking("None")
{
    internal override bool UsesDraws => false;

    public override IReadOnlyList<int> Choose(RemaskingStep step) => [];
}
