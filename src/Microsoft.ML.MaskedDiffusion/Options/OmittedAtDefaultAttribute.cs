namespace Microsoft.ML.MaskedDiffusion.Options;

/// <summary>
/// A stored property that was added after the first files were written: it is left out where it has its default.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class OmittedAtDefaultAttribute : Attribute;
