using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring;

/// <summary>A row with its output values.</summary>
/// <param name="Source">The row.</param>
/// <param name="Outputs">The values of the output columns; empty where there is a fault.</param>
/// <param name="Fault">Why it has none, without file and line; null if it has.</param>
/// <param name="Error">What the transformer threw; null if it did not.</param>
internal sealed record ScoredRow(SourceRow Source, IReadOnlyList<FieldValue> Outputs, string? Fault, Exception? Error = null);

/// <summary>
/// Applies a transformer to blocks of rows. Where a block cannot be scored, its halves are scored by themselves, until the rows are found
/// that cannot: a row's results do not depend on its block.
/// </summary>
internal sealed class BlockScorer
{
    private readonly ITransformer _transformer;
    private readonly RowSource _source;
    private readonly CancellationToken _cancellation;
    private readonly DataViewSchema _schema;
    private readonly List<ViewColumn> _columns = [];
    private readonly List<int> _fieldOf = [];
    private readonly bool[] _isNeeded;
    private readonly OutputReader[] _readers;

    /// <param name="transformer">The transformer.</param>
    /// <param name="source">The input.</param>
    /// <param name="options">Checked options.</param>
    /// <exception cref="ArgumentException">Its columns do not fit, or it does not map rows one to one.</exception>
    public BlockScorer(ITransformer transformer, RowSource source, BatchScoringOptions options)
    {
        if (!transformer.IsRowToRowMapper)
        {
            throw new ArgumentException("The transformer does not map rows one to one (as where several rows are a question), so that its "
                + "results do not belong to rows of a file. Use one that does, such as ScoreChoices with the options in a list.",
                nameof(transformer));
        }
        (_transformer, _source, _cancellation) = (transformer, source, options.CancellationToken);
        _schema = BuildSchema(options.InputSchema);
        IRowToRowMapper mapper = MapperOf(transformer, options);
        DataViewSchema.Column[] outputs =
            [.. options.OutputColumns is { } names ? Named(mapper.OutputSchema, names) : Added(_schema, mapper.OutputSchema)];
        OutputNames = [.. outputs.Select(column => column.Name)];
        _readers = [.. outputs.Select(OutputReader.Of)];
        OutputTypes = [.. outputs.Select((column, i) => ParquetColumn.Of(
            column.Name, _readers[i].StoredType, column.Type is VectorDataViewType))];
        HashSet<string> needed = [.. mapper.GetDependencies(outputs).Select(column => column.Name)];
        _isNeeded = [.. _schema.Select(column => needed.Contains(column.Name))];
        source.Use(_fieldOf.Where((_, i) => _isNeeded[i]));
    }

    /// <summary>The output columns.</summary>
    public IReadOnlyList<string> OutputNames { get; }

    /// <summary>The output columns in a file with types.</summary>
    public IReadOnlyList<ParquetColumn> OutputTypes { get; }

    /// <summary>What the transformer reads, for the log.</summary>
    public string Inputs => string.Join(", ", _schema.Where((_, i) => _isNeeded[i]).Select(column => $"{column.Name}: {column.Type}"));

    /// <summary>Scores rows. Those with a fault stay as they are.</summary>
    public IReadOnlyList<ScoredRow> Score(IReadOnlyList<SourceRow> rows)
    {
        var results = new ScoredRow[rows.Count];
        List<(int Index, object?[] Values)> readable = [];
        for (int i = 0; i < rows.Count; i++)
        {
            object?[] values = new object?[_columns.Count];
            if ((rows[i].Fault ?? Convert(rows[i], values)) is { } fault)
                results[i] = new ScoredRow(rows[i], [], fault);
            else
                readable.Add((i, values));
        }
        Score(rows, readable, results);
        return results;
    }

    private IRowToRowMapper MapperOf(ITransformer transformer, BatchScoringOptions options)
    {
        try
        {
            return transformer.GetRowToRowMapper(_schema);
        }
        catch (ArgumentOutOfRangeException error)
        {
            string[] absent = options.InputSchema is { } saved ? [.. ReadOf(transformer, saved).Except(_source.Fields)] : [];
            string fault = absent.Length == 0 ? error.Message : $"there is no column '{string.Join("' and no '", absent)}'.";
            throw new ArgumentOutOfRangeException($"The columns of {options.InputPath} are not those that the transformer reads: "
                + $"{fault} The file has: {TextExcerpt.Of(string.Join(", ", _source.Fields), 1000)}.", error);
        }
    }

    // The columns that a transformer needs for its own ones.
    private static IEnumerable<string> ReadOf(ITransformer transformer, DataViewSchema inputs)
    {
        IRowToRowMapper mapper = transformer.GetRowToRowMapper(inputs);
        return mapper.GetDependencies(Added(inputs, mapper.OutputSchema)).Select(column => column.Name);
    }

    private static IEnumerable<DataViewSchema.Column> Added(DataViewSchema inputs, DataViewSchema outputs) =>
        outputs.Where(column => !column.IsHidden
            && (inputs.GetColumnOrNull(column.Name) is null || outputs.Count(other => other.Name == column.Name) > 1));

    private static IEnumerable<DataViewSchema.Column> Named(DataViewSchema outputs, IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            yield return outputs.GetColumnOrNull(name) ?? throw new ArgumentException(
                $"Option OutputColumns names '{name}'; it must be a column that the transformer gives. They are: "
                + $"{string.Join(", ", outputs.Where(column => !column.IsHidden).Select(column => column.Name))}.",
                nameof(BatchScoringOptions.OutputColumns));
        }
    }

    // Whether an exception may come from the row. A disposed model or a missing library is no row's fault.
    private static bool IsOfRow(Exception error) =>
        error is ArgumentException or InvalidDataException or FormatException
        || (error is InvalidOperationException and not (ObjectDisposedException or TorchUnavailableException));

    private DataViewSchema BuildSchema(DataViewSchema? given)
    {
        var schema = new DataViewSchema.Builder();
        for (int field = 0; field < _source.Fields.Count; field++)
        {
            string name = _source.Fields[field];
            // JSON takes an empty name; a data view does not, and so no transformer reads it.
            if (name.Length == 0)
                continue;
            DataViewType? type = given is null ? _source.TypeOf(field) : given.GetColumnOrNull(name)?.Type;
            if (type is null || ViewColumn.Of(type) is not { } column)
                continue;
            schema.AddColumn(name, type);
            _columns.Add(column);
            _fieldOf.Add(field);
        }
        return schema.ToSchema();
    }

    // Fills in the values that the transformer reads; returns why it cannot.
    private string? Convert(SourceRow row, object?[] values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!_isNeeded[i])
                continue;
            try
            {
                values[i] = _columns[i].Convert(row.Values[_fieldOf[i]]);
            }
            catch (InvalidDataException error)
            {
                return $"column '{_schema[i].Name}' {error.Message}";
            }
        }
        return null;
    }

    private void Score(IReadOnlyList<SourceRow> rows, List<(int Index, object?[] Values)> part, ScoredRow[] results)
    {
        if (part.Count == 0)
            return;
        try
        {
            FieldValue[][] outputs = Transform([.. part.Select(row => row.Values)]);
            for (int i = 0; i < part.Count; i++)
                results[part[i].Index] = new ScoredRow(rows[part[i].Index], outputs[i], null);
        }
        catch (Exception error) when (part.Count == 1 && IsOfRow(error))
        {
            results[part[0].Index] = new ScoredRow(rows[part[0].Index], [], RowNumber.Without(error.GetBaseException().Message), error);
        }
        catch (Exception error) when (IsOfRow(error))
        {
            int half = part.Count / 2;
            Score(rows, part[..half], results);
            Score(rows, part[half..], results);
        }
    }

    private FieldValue[][] Transform(IReadOnlyList<object?[]> values)
    {
        IDataView view = _transformer.Transform(new BlockView(_schema, _columns, values));
        DataViewSchema.Column[] columns = [.. OutputNames.Select(name => view.Schema[name])];
        using DataViewRowCursor cursor = view.GetRowCursor(columns);
        Func<FieldValue>[] getters = [.. columns.Select((column, i) => _readers[i].Bind(cursor, column))];
        List<FieldValue[]> outputs = [];
        while (cursor.MoveNext())
        {
            _cancellation.ThrowIfCancellationRequested();
            outputs.Add([.. getters.Select(getter => getter())]);
        }
        return outputs.Count == values.Count ? [.. outputs] : throw new NotSupportedException(
            $"The transformer made {outputs.Count} rows of {values.Count}, although it says that it maps rows one to one.");
    }
}
