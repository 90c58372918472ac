namespace Microsoft.ML.Data;

/// <summary>Reads a value out of a field that is not empty; false if it cannot be read.</summary>
internal delegate bool FieldParser<T>(ReadOnlyMemory<char> field, out T value);
