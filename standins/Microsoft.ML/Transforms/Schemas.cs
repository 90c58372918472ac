namespace Microsoft.ML.Transforms;

/// <summary>Finding columns, and replacing them in shapes.</summary>
internal static class Schemas
{
    public static DataViewSchema.Column Find(DataViewSchema schema, string name, string role = "input") =>
        schema.GetColumnOrNull(name) ?? throw SchemaErrors.Missing("inputSchema", role, name);

    public static SchemaShape.Column Find(SchemaShape shape, string name, string role = "input") =>
        shape.TryFindColumn(name, out var column) ? column : throw SchemaErrors.Missing("inputSchema", role, name);

    /// <summary>The shape with the columns of the same names replaced, new ones last.</summary>
    public static SchemaShape With(SchemaShape shape, params SchemaShape.Column[] columns)
    {
        var result = shape.ToDictionary(c => c.Name);
        foreach (var column in columns) result[column.Name] = column;
        return new SchemaShape(result.Values);
    }
}
