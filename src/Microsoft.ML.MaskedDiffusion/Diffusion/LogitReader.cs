namespace Microsoft.ML.MaskedDiffusion.Diffusion;

/// <summary>Takes the (guided) logits of one prediction [vocabulary]. May be called from several threads at once, once a prediction.</summary>
internal delegate void LogitReader(int query, ReadOnlySpan<float> logits);
