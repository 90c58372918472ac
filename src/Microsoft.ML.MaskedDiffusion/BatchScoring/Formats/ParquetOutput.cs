using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;
using Parquet;
using Parquet.Schema;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>
/// Turns finished rows, kept as JSON lines because a Parquet file cannot be continued, into a Parquet file. Memory: a row group.
/// </summary>
internal static class ParquetOutput
{
    // A row group ends with whichever comes first.
    private const int GroupRows = 65_536, GroupBytes = 1 << 26;

    /// <summary>Writes the file, whole or not at all.</summary>
    /// <param name="linesPath">The rows.</param>
    /// <param name="path">The file.</param>
    /// <param name="typed">The columns whose types are known; those of the others are what all rows hold.</param>
    /// <param name="names">All columns in their order; fields beyond them are put behind them.</param>
    /// <param name="cancellation">Stops it and leaves nothing.</param>
    public static void Write(
        string linesPath, string path, IReadOnlyList<ParquetColumn> typed, IReadOnlyList<string> names, CancellationToken cancellation)
    {
        var guesses = new ColumnGuesses(names, typed.Select(column => column.Name));
        foreach ((JsonElement row, _) in Rows(linesPath))
        {
            cancellation.ThrowIfCancellationRequested();
            guesses.Add(row);
        }
        ParquetColumn[] columns =
            [.. guesses.Names.Select(name => typed.FirstOrDefault(column => column.Name == name) ?? guesses.ColumnOf(name))];
        AtomicFile.Write(path, stream => ParquetSource.Wait(async () =>
        {
            await WriteAsync(linesPath, stream, columns, cancellation).ConfigureAwait(false);
            return true;
        }));
    }

    private static async Task WriteAsync(string linesPath, Stream stream, ParquetColumn[] columns, CancellationToken cancellation)
    {
        var schema = new ParquetSchema(columns.Select(column => column.Field));
        ParquetWriter writer = await ParquetWriter.CreateAsync(schema, stream, cancellationToken: cancellation).ConfigureAwait(false);
        await using (writer.ConfigureAwait(false))
        {
            List<FieldValue[]> rows = [];
            long bytes = 0;
            foreach ((JsonElement row, int length) in Rows(linesPath))
            {
                rows.Add([.. columns.Select(column =>
                    row.TryGetProperty(column.Name, out JsonElement value) ? FieldValue.Of(value) : FieldValue.Missing)]);
                bytes += length;
                if (rows.Count == GroupRows || bytes >= GroupBytes)
                {
                    await WriteGroupAsync(writer, columns, rows, cancellation).ConfigureAwait(false);
                    rows.Clear();
                    bytes = 0;
                }
            }
            if (rows.Count > 0)
                await WriteGroupAsync(writer, columns, rows, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task WriteGroupAsync(
        ParquetWriter writer, ParquetColumn[] columns, List<FieldValue[]> rows, CancellationToken cancellation)
    {
        using ParquetRowGroupWriter group = writer.CreateRowGroup();
        for (int i = 0; i < columns.Length; i++)
            await columns[i].WriteAsync(group, [.. rows.Select(row => row[i])], cancellation).ConfigureAwait(false);
        group.CompleteValidate();
    }

    private static IEnumerable<(JsonElement Row, int Length)> Rows(string linesPath)
    {
        using var lines = new ByteRecords(linesPath, int.MaxValue / 2, "", ByteRecords.EndOfLine);
        while (lines.MoveNext())
        {
            using JsonDocument document = JsonDocument.Parse(lines.Current);
            yield return (document.RootElement, lines.Current.Length);
        }
    }

    // What the values of each column have in common.
    private sealed class ColumnGuesses(IEnumerable<string> names, IEnumerable<string> typed)
    {
        private readonly List<string> _names = [.. names];
        private readonly HashSet<string> _typed = [.. typed];
        private readonly HashSet<string> _known = [.. names];
        private readonly Dictionary<string, (FieldKind? Kind, NumberForms Forms, bool IsList)> _guesses = [];

        public IReadOnlyList<string> Names => _names;

        public void Add(JsonElement row)
        {
            foreach (JsonProperty property in row.EnumerateObject())
            {
                if (_known.Add(property.Name))
                    _names.Add(property.Name);
                if (!_typed.Contains(property.Name))
                    Add(property.Name, FieldValue.Of(property.Value));
            }
        }

        public ParquetColumn ColumnOf(string name)
        {
            (FieldKind? kind, NumberForms forms, bool isList) = _guesses.GetValueOrDefault(name);
            Type type = kind switch
            {
                FieldKind.Number when forms.HasFlag(NumberForms.Int64) => typeof(long),
                FieldKind.Number when forms.HasFlag(NumberForms.UInt64) => typeof(ulong),
                FieldKind.Number when forms.HasFlag(NumberForms.Double) => typeof(double),
                FieldKind.Boolean => typeof(bool),
                _ => typeof(string),
            };
            return ParquetColumn.Of(name, type, isList && kind != FieldKind.Json);
        }

        private void Add(string name, FieldValue value)
        {
            if (value.Kind == FieldKind.Missing)
                return;
            bool isList = value.Kind == FieldKind.List;
            // A list is one even where no item says of what.
            if (isList)
                Add(name, null, NumberForms.All, isList);
            foreach (FieldValue item in isList ? value.Items! : [value])
            {
                if (item.Kind != FieldKind.Missing)
                    Add(name, item.Kind, item.Kind == FieldKind.Number ? FormsOf(item.Content) : NumberForms.None, isList);
            }
        }

        // The types that hold a number without making it another one. A fraction may be rounded to the nearest double.
        private static NumberForms FormsOf(string number)
        {
            CultureInfo culture = CultureInfo.InvariantCulture;
            bool isWhole = BigInteger.TryParse(number, NumberStyles.AllowLeadingSign, culture, out BigInteger whole);
            double near = double.Parse(number, NumberStyles.Float, culture);
            bool isKept = double.IsFinite(near) && (!isWhole || (BigInteger)near == whole);
            NumberForms forms = isKept ? NumberForms.Double : NumberForms.None;
            if (long.TryParse(number, NumberStyles.AllowLeadingSign, culture, out _))
                forms |= NumberForms.Int64;
            if (ulong.TryParse(number, NumberStyles.AllowLeadingSign, culture, out _))
                forms |= NumberForms.UInt64;
            return forms;
        }

        // No kind goes with every kind.
        private void Add(string name, FieldKind? kind, NumberForms forms, bool isList)
        {
            if (!_guesses.TryGetValue(name, out (FieldKind? Kind, NumberForms Forms, bool IsList) guess))
                _guesses[name] = (kind, forms, isList);
            else if (guess.IsList == isList && (guess.Kind ?? kind) == (kind ?? guess.Kind))
                _guesses[name] = (kind ?? guess.Kind, guess.Forms & forms, isList);
            else
                _guesses[name] = (FieldKind.Json, NumberForms.None, false);
        }

        /// <summary>The types that hold all numbers of a column as they are.</summary>
        [Flags]
        private enum NumberForms
        {
            None = 0,
            Int64 = 1,
            UInt64 = 2,
            Double = 4,
            All = Int64 | UInt64 | Double,
        }
    }
}
