
namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A row of text in.</summary>
internal sealed class TextRow
{
    public int Number { get; set; }

    public string Text { get; set; } = "";

    public static List<TextRow> Make(params string[] texts) => [.. texts.Select((text, i) => new TextRow { Number = i, Text = text })];
}

/// <summary>A scored row, compared bit by bit.</summary>
internal sealed record LikelihoodRow
{
    public int Number { get; set; }

    public float NegativeLogLikelihood { get; set; }

    public float NegativeLogLikelihoodStandardError { get; set; }

    public int TokenCount { get; set; }

    public static LikelihoodRow[] Read(MLContext ml, IDataView view) =>
        [.. ml.Data.CreateEnumerable<LikelihoodRow>(view, reuseRowObject: false).OrderBy(row => row.Number)];
}
