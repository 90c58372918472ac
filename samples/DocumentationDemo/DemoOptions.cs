
namespace DocumentationDemo;

/// <summary>What the command line chose.</summary>
internal sealed record DemoOptions
{
    /// <summary>A plain text file to use in place of the reference documentation; null for the documentation.</summary>
    public FileInfo? Text { get; init; }

    /// <summary>A JSON-lines file to use in place of the reference documentation; null for the documentation.</summary>
    public FileInfo? JsonLines { get; init; }

    /// <summary>The field of <see cref="JsonLines"/> that holds the text.</summary>
    public string Field { get; init; } = "text";

    /// <summary>Minutes of training.</summary>
    public double Minutes { get; init; } = 5;

    /// <summary>Seed of everything random.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Zero-shot questions asked.</summary>
    public int Questions { get; init; } = 400;

    /// <summary>Where the model and the report go.</summary>
    public DirectoryInfo Output { get; init; } = new("artifacts/demo");

    public string ModelPath => Path.Combine(Output.FullName, "lm.zip");

    public string ReportPath => Path.Combine(Output.FullName, "report.html");
}
