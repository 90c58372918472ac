namespace Microsoft.ML.MaskedDiffusion.Diffusion.Commitment;

/// <summary>Tokens are final.</summary>
internal sealed class NoRemasking() : Remasking("None")
{
    public override IReadOnlyList<int> Choose(RemaskingStep step) => [];
}
