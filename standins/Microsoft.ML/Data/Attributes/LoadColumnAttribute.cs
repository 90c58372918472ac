namespace Microsoft.ML.Data;

/// <summary>The text file's columns (from 0) a member is loaded from.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property, AllowMultiple = false, Inherited = true)]
public sealed class LoadColumnAttribute : Attribute
{
    public LoadColumnAttribute(int fieldIndex) => Sources.Add(new TextLoader.Range(fieldIndex));

    public LoadColumnAttribute(int start, int end) => Sources.Add(new TextLoader.Range(start, end));

    public LoadColumnAttribute(int[] columnIndexes)
    {
        foreach (var column in columnIndexes)
            Sources.Add(new TextLoader.Range(column));
    }

    internal List<TextLoader.Range> Sources { get; } = [];
}
