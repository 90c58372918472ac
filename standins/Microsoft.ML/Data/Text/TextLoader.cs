using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;

namespace Microsoft.ML.Data;

/// <summary>Loads text files with a row per line. Empty lines and lines that begin with <c>//</c> are passed over.</summary>
public sealed partial class TextLoader : IDataLoader<IMultiStreamSource>
{
    // Enough lines to see how many columns a file has.
    private const int SampleLines = 100;

    private static readonly JsonSerializerOptions WithFields = new() { IncludeFields = true };

    private readonly Options _options;
    private readonly TextColumn[] _columns;
    private readonly DataViewSchema _schema;

    internal TextLoader(Options options, IMultiStreamSource dataSample)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Columns is not { Length: > 0 })
            throw new ArgumentException("The options name no columns to load.", nameof(options));
        if (options.Separators is not { Length: > 0 })
            throw new ArgumentException("The options name no separator.", nameof(options));
        if (options.DecimalMarker is not ('.' or ','))
            throw new ArgumentException("Decimal marker cannot be the '" + options.DecimalMarker + "' character. It must be '.' or ','.", nameof(options));
        if (options.Separators.Contains(options.DecimalMarker))
            throw new ArgumentException("Decimal marker and separator cannot be the same '" + options.DecimalMarker + "' character.", nameof(options));
        _options = options.Clone();
        var width = new Lazy<int>(() => WidthOf(dataSample));
        _columns = Array.ConvertAll(_options.Columns, column => TextColumn.Create(column, width));
        var slotNames = HeaderOf(dataSample);
        var builder = new DataViewSchema.Builder();
        foreach (var column in _columns)
            builder.AddColumn(column.Name, column.Type, SlotNames(column, slotNames));
        _schema = builder.ToSchema();
    }

    public DataViewSchema GetOutputSchema() => _schema;

    public IDataView Load(IMultiStreamSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new TextDataView(source, _options, _columns, _schema);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetHeader(new ModelHeader("TextLoader", 1, typeof(TextLoader).Assembly.FullName));
        ctx.Writer.Write(JsonSerializer.Serialize(_options, WithFields));
    }

    /// <summary>The columns that the members of a class ask for with <see cref="LoadColumnAttribute"/>.</summary>
    internal static Column[] ColumnsOf(Type type)
    {
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.GetGetMethod() != null && p.GetSetMethod() != null && p.GetIndexParameters().Length == 0);
        var columns = new List<Column>();
        foreach (var member in type.GetFields(BindingFlags.Public | BindingFlags.Instance).Concat<MemberInfo>(properties))
        {
            var source = member.GetCustomAttribute<LoadColumnAttribute>()
                ?? throw new InvalidOperationException($"{(member is FieldInfo ? "Field" : "Property")} '{member.Name}' is missing the {nameof(LoadColumnAttribute)} attribute");
            var memberType = member is FieldInfo field ? field.FieldType : ((PropertyInfo)member).PropertyType;
            var itemType = memberType.IsArray ? memberType.GetElementType() : memberType;
            if (Enum.GetValues<DataKind>().Where(k => DataViewTypes.PrimitiveOf(k).Equals(DataViewTypes.PrimitiveOrNull(itemType))).ToArray() is not [var kind])
                throw new InvalidOperationException($"{(member is FieldInfo ? "Field" : "Property")} {member.Name} is of unsupported type.");
            var ranges = source.Sources.Select(r => new Range(r.Min, r.Max) { ForceVector = memberType.IsArray }).ToArray();
            var key = member.GetCustomAttribute<KeyTypeAttribute>();
            columns.Add(new Column(member.GetCustomAttribute<ColumnNameAttribute>()?.Name ?? member.Name, kind, ranges, key == null ? null : key.KeyCount ?? new KeyCount()));
        }
        return [.. columns];
    }

    private int WidthOf(IMultiStreamSource sample)
    {
        if (_options.InputSize is { } size)
            return size;
        if (sample is not { Count: > 0 })
            throw new InvalidOperationException("The end of a column's range is left to the file: a sample of the data is needed.");
        var splitter = new TextFieldSplitter(_options);
        using var reader = sample.OpenTextReader(0);
        return TextLineReader.Read(reader, _options, out _).Take(SampleLines).Select(line => splitter.Split(line.Text, int.MaxValue)).DefaultIfEmpty().Max();
    }

    private ReadOnlyMemory<char>[] HeaderOf(IMultiStreamSource sample)
    {
        if (!_options.HasHeader || sample is not { Count: > 0 } || !_columns.Any(c => c.Type is VectorDataViewType { IsKnownSize: true }))
            return null;
        using var reader = sample.OpenTextReader(0);
        TextLineReader.Read(reader, _options, out var header);
        if (header == null)
            return null;
        var splitter = new TextFieldSplitter(_options);
        return Enumerable.Range(0, splitter.Split(header, int.MaxValue)).Select(i => splitter[i]).ToArray();
    }

    private static DataViewSchema.Annotations SlotNames(TextColumn column, ReadOnlyMemory<char>[] header)
    {
        if (header == null || column.Type is not VectorDataViewType { IsKnownSize: true } vector)
            return null;
        var names = column.Segments.SelectMany(s => Enumerable.Range(s.Min, s.Length.Value)).Select(i => i < header.Length ? header[i] : default).ToImmutableArray();
        var builder = new DataViewSchema.Annotations.Builder();
        ValueGetter<VBuffer<ReadOnlyMemory<char>>> getter = (ref VBuffer<ReadOnlyMemory<char>> value) =>
        {
            var editor = VBufferEditor.Create(ref value, names.Length);
            names.CopyTo(editor.Values);
            value = editor.Commit();
        };
        builder.Add("SlotNames", new VectorDataViewType(TextDataViewType.Instance, vector.Size), getter);
        return builder.ToAnnotations();
    }
}
