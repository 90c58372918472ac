namespace Microsoft.ML.MaskedDiffusion.Diffusion.Remasking;

/// <summary>Tokens are final.</summary>
internal sealed class NoRemasking() : MaskedDiffusion.Remasking("None")
{
    public override IReadOnlyList<int> Choose(RemaskingStep step) => [];
}
