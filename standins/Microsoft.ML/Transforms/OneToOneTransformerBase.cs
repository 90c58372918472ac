namespace Microsoft.ML.Data;

/// <summary>A transformer that computes each of its output columns from one input column.</summary>
public abstract class OneToOneTransformerBase : RowToRowTransformerBase
{
    private readonly (string Output, string Input)[] _columns;

    private protected OneToOneTransformerBase(IEnumerable<(string Output, string Input)> columns) => _columns = [.. columns];

    private protected IReadOnlyList<(string Output, string Input)> Columns => _columns;

    private protected void SaveColumns(BinaryWriter writer)
    {
        writer.Write(_columns.Length);
        foreach (var (output, input) in _columns)
        {
            writer.Write(output);
            writer.Write(input);
        }
    }

    private protected static (string Output, string Input)[] LoadColumns(BinaryReader reader)
    {
        var columns = new (string, string)[reader.ReadCount("columns")];
        for (int i = 0; i < columns.Length; i++) columns[i] = (reader.ReadString(), reader.ReadString());
        return columns;
    }
}
