namespace Microsoft.ML;

/// <summary>How a prediction engine binds its classes, and whether it disposes the transformer with itself.</summary>
public sealed class PredictionEngineOptions
{
    public bool IgnoreMissingColumns = true;

    public SchemaDefinition InputSchemaDefinition;

    public SchemaDefinition OutputSchemaDefinition;

    /// <summary>True by default: disposing the engine disposes the model.</summary>
    public bool OwnsTransformer = true;
}
