using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>
/// A JSON object in each line. The fields are those of the first thousand rows of the file; a field's type is that of the first value that
/// is not null.
/// </summary>
internal sealed class JsonLinesSource : TextSource
{
    private const int RowsLookedAt = 1000;

    private readonly List<string> _fields = [];
    private readonly Dictionary<string, int> _indices = new(StringComparer.Ordinal);
    private readonly List<FieldValue> _examples = [];
    private readonly HashSet<int> _used = [];
    private readonly bool _readsOthers;

    /// <param name="path">The file.</param>
    /// <param name="shard">The part of it.</param>
    /// <param name="schema">The columns of a file without rows; null where it has rows.</param>
    /// <param name="readsOthers">
    /// Whether a row is also read where it has fields beyond <see cref="Fields"/>, so that it is refused where one cannot be.
    /// </param>
    public JsonLinesSource(string path, BatchShard shard, DataViewSchema? schema, bool readsOthers)
        : this(path, shard, schema, readsOthers,
            new ByteRecords(path, TextLines.MaxBytes, "Is it a file of JSON lines?", ByteRecords.EndOfLine))
    {
    }

    private JsonLinesSource(string path, BatchShard shard, DataViewSchema? schema, bool readsOthers, ByteRecords records)
        : base(path, shard, records)
    {
        _readsOthers = readsOthers;
        try
        {
            for (int rows = 0; rows < RowsLookedAt && records.MoveNext(); rows++)
                LookAt(WithoutMark(records.Position, records.Current));
            if (_fields.Count == 0)
                TakeNames(schema);
            Seek(default);
            FindBegin();
        }
        catch
        {
            records.Dispose();
            throw;
        }
    }

    public override IReadOnlyList<string> Fields => _fields;

    public override DataViewType? TypeOf(int field)
    {
        FieldValue example = _examples[field];
        if (example.Kind != FieldKind.List)
            return TypeOf(example.Kind);
        FieldValue item = example.Items!.FirstOrDefault(item => item.Kind != FieldKind.Missing);
        return TypeOf(item.Kind) is PrimitiveDataViewType type ? new VectorDataViewType(type) : null;
    }

    public override void Use(IEnumerable<int> fields) => _used.UnionWith(fields);

    protected override bool IsBlank(ReadOnlySpan<byte> record) => record.IndexOfAnyExcept(" \t\r"u8) < 0;

    protected override SourceRow Parse(ReadOnlyMemory<byte> record, RecordPosition position, RecordPosition next)
    {
        SourceRow Faulty(string fault) => new(position, next, record, [], fault);
        if (!Utf8.IsValid(record.Span))
            return Faulty("the bytes are not UTF-8");
        try
        {
            using JsonDocument document = JsonDocument.Parse(record);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return Faulty($"the line is a JSON {document.RootElement.ValueKind.ToString().ToLowerInvariant()} and no object");
            var values = new FieldValue[_fields.Count];
            Array.Fill(values, FieldValue.Missing);
            string? other = null;
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                bool isField = _indices.TryGetValue(property.Name, out int field);
                if (!isField)
                    other ??= property.Name;
                if (isField && _used.Contains(field))
                    values[field] = FieldValue.Of(property.Value);
                // It is written as it stands, and must be readable where it is read again.
                else if (!isField && _readsOthers)
                    _ = FieldValue.Of(property.Value);
            }
            return new SourceRow(position, next, record, values, Other: other);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second one is thrown for half a surrogate pair as an escape.
            return Faulty("the line is no JSON: " + Reason(error));
        }
    }

    // The place is one of the line, which is named elsewhere.
    private static string Reason(Exception error) =>
        error is JsonException { BytePositionInLine: { } position }
        && error.Message.IndexOf(" LineNumber:", StringComparison.Ordinal) is > 0 and int end
            ? string.Create(CultureInfo.InvariantCulture, $"{error.Message[..end].TrimEnd('.')} (byte {position + 1})")
            : error.Message;

    private static DataViewType? TypeOf(FieldKind kind) => kind switch
    {
        FieldKind.Missing or FieldKind.Text => TextDataViewType.Instance,
        FieldKind.Number => NumberDataViewType.Single,
        FieldKind.Boolean => BooleanDataViewType.Instance,
        _ => null,
    };

    // Of a file without rows the columns are those of the schema.
    private void TakeNames(DataViewSchema? schema)
    {
        if (schema is null)
        {
            throw new InvalidDataException(
                $"{Path} has no JSON object with a field in its first {RowsLookedAt} lines, so its columns are not known. "
                + "Set InputSchema.");
        }
        foreach (DataViewSchema.Column column in schema.Where(column => !column.IsHidden))
        {
            _indices.Add(column.Name, _fields.Count);
            _fields.Add(column.Name);
            _examples.Add(FieldValue.Missing);
        }
    }

    private void LookAt(ReadOnlyMemory<byte> record)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(record);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return;
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                FieldValue value = FieldValue.Of(property.Value);
                if (_indices.TryAdd(property.Name, _fields.Count))
                {
                    _fields.Add(property.Name);
                    _examples.Add(value);
                }
                else if (_examples[_indices[property.Name]].Kind == FieldKind.Missing)
                {
                    _examples[_indices[property.Name]] = value;
                }
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Reading the row itself says what is wrong with it.
        }
    }
}
