namespace Microsoft.ML.Transforms;

/// <summary>Estimator of <see cref="ColumnConcatenatingTransformer"/>.</summary>
public sealed class ColumnConcatenatingEstimator : IEstimator<ColumnConcatenatingTransformer>
{
    private readonly string _output;
    private readonly string[] _inputs;

    internal ColumnConcatenatingEstimator(string outputColumnName, string[] inputColumnNames)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentNullException.ThrowIfNull(inputColumnNames);
        if (inputColumnNames.Length == 0 || inputColumnNames.Any(string.IsNullOrEmpty))
            throw new ArgumentException("Concatenate needs the names of one or more input columns.", nameof(inputColumnNames));
        _output = outputColumnName;
        _inputs = [.. inputColumnNames];
    }

    public ColumnConcatenatingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var transformer = new ColumnConcatenatingTransformer(_output, _inputs);
        transformer.GetOutputSchema(input.Schema);
        return transformer;
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var inputs = _inputs.Select(name => Schemas.Find(inputSchema, name)).ToList();
        foreach (var input in inputs)
            if (input.IsKey != inputs[0].IsKey || !input.ItemType.Equals(inputs[0].ItemType))
                throw new InvalidOperationException($"Columns of one type only can be joined: '{input.Name}' is of type {input.ItemType}, '{inputs[0].Name}' of {inputs[0].ItemType}.");
        var kind = inputs.Any(c => c.Kind == SchemaShape.Column.VectorKind.VariableVector)
            ? SchemaShape.Column.VectorKind.VariableVector : SchemaShape.Column.VectorKind.Vector;
        return Schemas.With(inputSchema, new SchemaShape.Column(_output, kind, inputs[0].ItemType, inputs[0].IsKey));
    }
}
