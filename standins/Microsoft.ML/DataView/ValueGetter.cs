namespace Microsoft.ML;

/// <summary>Copies a column's value at the current row into <paramref name="value"/>, reusing its buffers where it can.</summary>
public delegate void ValueGetter<TValue>(ref TValue value);
