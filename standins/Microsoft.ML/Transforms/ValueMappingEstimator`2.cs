namespace Microsoft.ML.Transforms;

/// <summary>Estimator of a value mapping whose table was given as pairs.</summary>
public sealed class ValueMappingEstimator<TKey, TValue> : ValueMappingEstimator
{
    internal ValueMappingEstimator(ValueTable table, string outputColumnName, string inputColumnName)
        : base(table, outputColumnName, inputColumnName)
    {
    }
}
