namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>Takes the (guided) logits [vocabulary] at one of a row's positions. May be called from several threads at once.</summary>
internal delegate void MaskedRowReader(MaskedRow row, int place, ReadOnlySpan<float> logits);
