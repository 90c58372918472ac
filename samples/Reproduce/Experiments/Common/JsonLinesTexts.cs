using Microsoft.ML.MaskedDiffusion;
using Reproduce.Runs;

namespace Reproduce.Experiments.Common;

/// <summary>Reads files of JSON lines with a text each, in a field "text", as SlimPajama and FineWeb have it.</summary>
internal static class JsonLinesTexts
{
    /// <summary>The texts in order, which are never all in memory.</summary>
    /// <exception cref="InvalidDataException">A line has another form; the message names file and line.</exception>
    public static IEnumerable<string> Read(Run run, string path) => run.MLContext.Data
        .CreateEnumerable<TextRow>(run.MLContext.MaskedDiffusion().LoadText(path), reuseRowObject: false).Select(row => row.Text);
}
