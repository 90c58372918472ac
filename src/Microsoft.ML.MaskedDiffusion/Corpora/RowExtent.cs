namespace Microsoft.ML.MaskedDiffusion.Corpora;

/// <summary>
/// What a block's ids are: first a prompt, which is given, then what is learned; ids from <paramref name="Length"/> on only fill the block
/// up and are not read.
/// </summary>
/// <param name="Prompt">Ids of the prompt; 0 where all is learned.</param>
/// <param name="Length">Ids of prompt and answer together.</param>
internal readonly record struct RowExtent(int Prompt, int Length);
