namespace Microsoft.ML;

/// <summary>The errors a wrong schema raises, in the published wording.</summary>
internal static class SchemaErrors
{
    /// <summary>A column that should be there is not.</summary>
    internal static ArgumentOutOfRangeException Missing(string parameter, string role, string column) =>
        new(parameter, $"Could not find {role} column '{column}'");

    /// <summary>A column has another type than is asked for.</summary>
    internal static ArgumentOutOfRangeException Mismatch(string parameter, string role, string column, string expected, string actual) =>
        new(parameter, $"Schema mismatch for {role} column '{column}': expected {expected}, got {actual}");
}
