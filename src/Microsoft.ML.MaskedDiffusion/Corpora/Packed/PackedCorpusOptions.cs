using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Which packed files make up a corpus, and how they are cut and ordered. Copied where it is used.</summary>
public sealed class PackedCorpusOptions
{
    /// <summary>The data sets, at least one. No default.</summary>
    public IReadOnlyList<PackedSource> Sources { get; set; } = [];

    /// <summary>
    /// Ids from one block's start to the next, at least 2; what does not fill a block at a file's end is left out. Default null: the
    /// network's context length + 1, as published, of which a masked diffusion model takes all but the last and the autoregressive one the
    /// last as a target only.
    /// </summary>
    public int? BlockLength { get; set; }

    /// <summary>The order of the blocks. Default <see cref="PackedOrder.Shuffled"/>.</summary>
    public PackedOrder Order { get; set; }

    /// <summary>
    /// In the published order: files whose blocks are mixed, at least 1 and no more than each data set has. Default 8, as published.
    /// </summary>
    public int FilesAtOnce { get; set; } = 8;

    /// <summary>
    /// In the published order: the seed of every shuffle and of the choice among data sets, at least 0. Default 3407, as published.
    /// </summary>
    public int PublishedSeed { get; set; } = 3407;

    internal PackedCorpusOptions Clone()
    {
        var copy = (PackedCorpusOptions)MemberwiseClone();
        copy.Sources = Sources is null ? null! : [.. Sources];
        return copy;
    }

    internal void Validate()
    {
        Require(Sources is not null, nameof(Sources), null, "at least one data set");
        IReadOnlyList<PackedSource> sources = Sources!;
        string shown = string.Join(", ", sources);
        Require(sources.Count > 0 && sources.All(
            source => !string.IsNullOrWhiteSpace(source?.Folder) && !string.IsNullOrEmpty(source.Prefix)), nameof(Sources), shown,
            "at least one data set, each with a folder and a prefix");
        int weighted = sources.Count(source => source.Weight is not null);
        Require(weighted == 0 || weighted == sources.Count, nameof(Sources), shown, "data sets that all have a weight or all have none");
        Require(weighted == 0 || (sources.All(source => source.Weight >= 0 && double.IsFinite(source.Weight.Value))
            && sources.Sum(source => source.Weight) > 0), nameof(Sources), shown,
            "data sets with weights of 0 or more, not all 0");
        Require(BlockLength is null or >= 2, nameof(BlockLength), BlockLength, "at least 2, or null");
        Require(Enum.IsDefined(Order), nameof(Order), Order, "Shuffled or Published");
        Require(Order == PackedOrder.Shuffled || sources.Count == 1 || weighted > 0, nameof(
            Order), Order, "Shuffled for several data sets without weights; the published order draws among them by weight");
        Require(FilesAtOnce >= 1, nameof(FilesAtOnce), FilesAtOnce, "at least 1");
        Require(PublishedSeed >= 0, nameof(PublishedSeed), PublishedSeed, "at least 0");
    }

    private static void Require(bool holds, string option, object? value, string allowed) =>
        OptionRange.Require(holds, option, option, value, allowed);
}
