using Microsoft.ML.Transforms;

namespace Microsoft.ML;

/// <summary>Transforms and filters made of the user's own code.</summary>
public static class CustomMappingCatalog
{
    /// <summary>Fills a <typeparamref name="TDst"/> from each row's <typeparamref name="TSrc"/>; with a contract name the result can be saved.</summary>
    public static CustomMappingEstimator<TSrc, TDst> CustomMapping<TSrc, TDst>(this TransformsCatalog catalog, Action<TSrc, TDst> mapAction, string contractName,
        SchemaDefinition inputSchemaDefinition = null, SchemaDefinition outputSchemaDefinition = null)
        where TSrc : class, new()
        where TDst : class, new()
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new(new CustomMappingTransformer<TSrc, TDst>(mapAction, contractName, inputSchemaDefinition, outputSchemaDefinition));
    }

    /// <summary>Leaves out the rows for which <paramref name="filterPredicate"/> is true.</summary>
    public static IDataView FilterByCustomPredicate<TSrc>(this DataOperationsCatalog catalog, IDataView input, Func<TSrc, bool> filterPredicate)
        where TSrc : class, new()
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(filterPredicate);
        return new PredicateFilterView<TSrc>(input, filterPredicate);
    }
}
