using Microsoft.ML;
using Microsoft.ML.Data;

namespace StandIns.Tests.Model;

/// <summary>A transformer as an assembly outside ML.NET can write one: it works and saves itself through stock transformers.</summary>
internal sealed class OutsideTransformer(ITransformer carrier) : ITransformer, IDisposable
{
    public int Disposals { get; private set; }

    bool ITransformer.IsRowToRowMapper => true;

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => carrier.GetOutputSchema(inputSchema);

    public IDataView Transform(IDataView input) => carrier.Transform(input);

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => carrier.GetRowToRowMapper(inputSchema);

    void ICanSaveModel.Save(ModelSaveContext ctx) => carrier.Save(ctx);

    public void Dispose() => Disposals++;
}
