using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>One data set of a packed corpus: the files of a folder whose names begin in the same way. Immutable.</summary>
/// <param name="Folder">The folder; the folders in it are not searched.</param>
/// <param name="Prefix">The beginning of the file names, such as "train_slim". Default "train".</param>
/// <param name="Weight">
/// The data set's share of the blocks that are drawn: 0 or more, in any unit. Every data set must have a weight, or none. Default null:
/// every block is taken once in an epoch, whichever data set it is from.
/// </param>
public sealed record PackedSource(string Folder, string Prefix = "train", double? Weight = null);

/// <summary>Which packed files make up a corpus, and how they are cut and ordered. Copied by the method that takes it.</summary>
public sealed class PackedCorpusOptions
{
    /// <summary>The data sets, at least one. No default.</summary>
    public IReadOnlyList<PackedSource> Sources { get; set; } = [];

    /// <summary>
    /// The number of ids from one block's start to the next, at least 2. Ids at the end of a file that do not fill a block are left out.
    /// Default null: the network's context length plus 1, as published; a masked diffusion model takes all but the last of these ids, and
    /// an autoregressive model takes the last one as a target only.
    /// </summary>
    public int? BlockLength { get; set; }

    /// <summary>The order of the blocks. Default <see cref="PackedOrder.Shuffled"/>.</summary>
    public PackedOrder Order { get; set; }

    /// <summary>
    /// For the published order: the number of files whose blocks are mixed, at least 1 and at most the number of files of each data set.
    /// Default 8, as published.
    /// </summary>
    public int FilesAtOnce { get; set; } = 8;

    /// <summary>
    /// For the published order: the seed of every shuffle and of the choice among data sets, at least 0. Default 3407, as published.
    /// </summary>
    public int PublishedSeed { get; set; } = 3407;

    internal PackedCorpusOptions Clone()
    {
        var copy = (PackedCorpusOptions)MemberwiseClone();
        copy.Sources = Sources is null ? null! : [.. Sources];
        return copy;
    }

    internal void Check()
    {
        OptionCheck.RequireObject(Sources, nameof(Sources), "at least one data set");
        IReadOnlyList<PackedSource> sources = Sources;
        string shown = string.Join(", ", sources);
        bool named = sources.All(source => !string.IsNullOrWhiteSpace(source?.Folder) && !string.IsNullOrEmpty(source.Prefix));
        OptionCheck.Require(sources.Count > 0 && named, nameof(Sources), shown, "at least one data set, each with a folder and a prefix");
        int weighted = sources.Count(source => source.Weight is not null);
        OptionCheck.Require(weighted == 0 || weighted == sources.Count, nameof(Sources), shown,
            "data sets that all have a weight or all have none");
        bool inRange = sources.All(source => source.Weight >= 0 && double.IsFinite(source.Weight.Value));
        OptionCheck.Require(weighted == 0 || (inRange && sources.Sum(source => source.Weight) > 0), nameof(Sources), shown,
            "data sets with weights of 0 or more, not all 0");
        OptionCheck.Require(BlockLength is null or >= 2, nameof(BlockLength), BlockLength, "at least 2, or null");
        OptionCheck.RequireDefined(Order, nameof(Order));
        OptionCheck.Require(Order == PackedOrder.Shuffled || sources.Count == 1 || weighted > 0, nameof(Order), Order,
            "Shuffled for several data sets without weights; the published order draws among them by weight");
        OptionCheck.RequireCount(FilesAtOnce, nameof(FilesAtOnce));
        OptionCheck.Require(PublishedSeed >= 0, nameof(PublishedSeed), PublishedSeed, "at least 0");
    }
}
