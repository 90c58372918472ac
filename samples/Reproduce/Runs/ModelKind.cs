namespace Reproduce.Runs;

/// <summary>The two kinds of language model that are compared.</summary>
internal enum ModelKind
{
    MaskedDiffusion,
    Autoregressive,
}

/// <summary>Their names in tables.</summary>
internal static class ModelKinds
{
    public static string Words(this ModelKind kind) => kind == ModelKind.MaskedDiffusion ? "masked diffusion" : "autoregressive";
}
