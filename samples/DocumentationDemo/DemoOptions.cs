
namespace DocumentationDemo;

/// <summary>The choices of the command line, and of the benchmarks that use the demo's text; the values here are its defaults.</summary>
internal sealed record DemoOptions
{
    /// <summary>A plain text file to train on; null to train on the .NET reference documentation.</summary>
    public FileInfo? Text { get; init; }

    /// <summary>Whether the rows of <see cref="Text"/> are its paragraphs, which empty lines part, and not its lines.</summary>
    public bool Paragraphs { get; init; }

    /// <summary>A JSON-lines file to train on; null to train on the .NET reference documentation.</summary>
    public FileInfo? JsonLines { get; init; }

    /// <summary>The field of <see cref="JsonLines"/> that holds the text.</summary>
    public string Field { get; init; } = "text";

    /// <summary>Training time in minutes.</summary>
    public double Minutes { get; init; } = 5;

    /// <summary>Seed of all random choices.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Number of multiple-choice questions.</summary>
    public int Questions { get; init; } = 400;

    /// <summary>Folder for the model, the report and the trace of a text.</summary>
    public DirectoryInfo Output { get; init; } = new(Path.Combine("artifacts", "demo"));

    public string ModelPath => Path.Combine(Output.FullName, "lm.zip");

    public string TracePath => Path.Combine(Output.FullName, "writing.html");

    public string ReportPath => Path.Combine(Output.FullName, "report.html");
}
