using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>A row of the input.</summary>
/// <param name="Position">Where it begins.</param>
/// <param name="Next">Where the next one begins.</param>
/// <param name="Raw">Its bytes with the line break; empty in formats without lines.</param>
/// <param name="Values">The values of the source's fields; empty where there is a fault.</param>
/// <param name="Fault">Why the row cannot be read, without file and line; null if it can.</param>
/// <param name="Other">A field that is none of the source's; null if there is none.</param>
internal sealed record SourceRow(
    RecordPosition Position, RecordPosition Next, ReadOnlyMemory<byte> Raw, IReadOnlyList<FieldValue> Values, string? Fault = null,
    string? Other = null)
{
    /// <summary>The line in which it begins, from 1; in formats without lines the number of the row.</summary>
    public long Line => Position.Line + 1;
}
