namespace Microsoft.ML.MaskedDiffusion;

/// <summary>One data set of a packed corpus: the files of a folder whose names begin alike. Immutable.</summary>
/// <param name="Folder">The folder; folders in it are not searched.</param>
/// <param name="Prefix">How the files' names begin, such as "train_slim". Default "train".</param>
/// <param name="Weight">
/// The data set's share of the blocks drawn, 0 or more, in any unit. Default null, for every data set or none: each block once an epoch,
/// whichever set it is of.
/// </param>
public sealed record PackedSource(string Folder, string Prefix = "train", double? Weight = null);
