namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>Takes the (guided) logits of one prediction [vocabulary]. May be called from several threads at once, once a prediction.</summary>
internal delegate void LogitReader(int query, ReadOnlySpan<float> logits);
