using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Data;

/// <summary>Where the tokenizer of a new model comes from.</summary>
internal static class Tokenizers
{
    /// <summary>What a setting may be, for help texts.</summary>
    public const string Forms = "A tokenizer's file, or bytes. Default: one is learned from the text";

    /// <summary>The source that a setting names.</summary>
    public static TokenizerSource Source(string? setting, int vocabularySize) => setting switch
    {
        null => TokenizerSource.TrainBytePairEncoding(vocabularySize),
        "bytes" => TokenizerSource.Bytes(),
        _ => TokenizerSource.FromFile(setting),
    };

    /// <summary>Why an option for the size of a vocabulary means nothing; null where a tokenizer is learned.</summary>
    public static string? ObjectionToSize(string? setting, string option) => setting is null ? null
        : $"with --tokenizer {setting}, whose vocabulary has its size: leave {option} out, or learn a tokenizer of that size";
}
