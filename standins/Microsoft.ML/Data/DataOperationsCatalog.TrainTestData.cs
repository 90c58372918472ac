namespace Microsoft.ML;

public sealed partial class DataOperationsCatalog
{
    /// <summary>Data split in two.</summary>
    public readonly struct TrainTestData
    {
        public readonly IDataView TrainSet;

        public readonly IDataView TestSet;

        internal TrainTestData(IDataView trainSet, IDataView testSet)
        {
            TrainSet = trainSet;
            TestSet = testSet;
        }
    }
}
