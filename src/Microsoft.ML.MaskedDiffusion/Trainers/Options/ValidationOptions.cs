using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How the loss on held-out text is measured while training. The text is <see cref="TrainerOptions.ValidationSet"/>, or
/// <see cref="Tokens"/>.
/// </summary>
public sealed class ValidationOptions
{
    /// <summary>
    /// Packed tokens to measure the loss on instead of a <see cref="TrainerOptions.ValidationSet"/>, made with the tokenizer of
    /// <see cref="TrainerOptions.Tokenizer"/>, which then is one that is given. Default null.
    /// </summary>
    public PackedCorpus? Tokens { get; set; }

    /// <summary>Steps between validations, at least 1; one more is made at the end. Default 200.</summary>
    public long Interval { get; set; } = 200;

    /// <summary>
    /// Noise draws for each block (or row) of validation text, 1 to 1,048,576; the same at every validation. Not used by an
    /// <see cref="AutoregressiveTrainer"/>, whose validation is exact. Default 2.
    /// </summary>
    public int Samples { get; set; } = 2;

    /// <summary>
    /// The most blocks (or rows) of validation text used, at least 1, spread evenly over the set; the log says how many there are. Default
    /// 64.
    /// </summary>
    public int MaxBlocks { get; set; } = 64;

    /// <summary>
    /// Stops after so many validations in a row without a new lowest loss, at least 1; needs validation text. Default null: never.
    /// </summary>
    public int? EarlyStoppingPatience { get; set; }

    internal ValidationOptions Clone() => (ValidationOptions)MemberwiseClone();

    internal void Check(TrainerOptions options)
    {
        const string Group = nameof(TrainerOptions.Validation) + ".";
        OptionCheck.RequireCount(Interval, Group + nameof(Interval));
        OptionCheck.Require(Samples is >= 1 and <= 1 << 20, Group + nameof(Samples), Samples, "1 to 1048576");
        OptionCheck.RequireCount(MaxBlocks, Group + nameof(MaxBlocks));
        OptionCheck.RequireCountOrNull(EarlyStoppingPatience, Group + nameof(EarlyStoppingPatience));
        OptionCheck.Require(Tokens is null || options.ValidationSet is null, Group + nameof(Tokens), Tokens,
            "null where there is a ValidationSet");
        bool knowsTokenizer = options.InitialModel is not null || options.Tokenizer.Known is not null;
        OptionCheck.Require(Tokens is null || knowsTokenizer, Group + nameof(Tokens), Tokens,
            "null where the tokenizer is learned from the text; give the tokenizer that made the tokens, with TokenizerSource.FromFile");
        OptionCheck.Require(EarlyStoppingPatience is null || options.ValidationSet is not null || Tokens is not null,
            Group + nameof(EarlyStoppingPatience), EarlyStoppingPatience,
            "null without a ValidationSet; set one, for example from ml.Data.TrainTestSplit");
    }
}
