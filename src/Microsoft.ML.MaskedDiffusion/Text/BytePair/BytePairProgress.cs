
namespace Microsoft.ML.MaskedDiffusion.Text.BytePair;

/// <summary>How far byte-pair training is: first documents are read, then merges are learned.</summary>
internal readonly record struct BytePairProgress(long Documents, long Characters, int Merges, int TargetMerges);
