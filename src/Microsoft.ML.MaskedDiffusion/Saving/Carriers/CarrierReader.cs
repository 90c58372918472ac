using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>Recognizes carriers among loaded transformers, and reads what they hold.</summary>
internal static class CarrierReader
{
    /// <summary>Whether a loaded transformer is a carrier, that is, a chain that begins with the step that adds the key.</summary>
    public static bool IsCarrier(ITransformer transformer) =>
        transformer is IEnumerable<ITransformer> chain && chain.FirstOrDefault() is CustomMappingTransformer<CarrierNoInput, CarrierKeyRow>;

    /// <summary>Reads what a carrier holds by running its first two steps on one row.</summary>
    /// <exception cref="InvalidDataException">The data is damaged.</exception>
    public static CarrierContents Read(ITransformer carrier, CarrierLocation? location)
    {
        IDataView view = new BlankView(BlankView.EmptySchema, 1);
        foreach (ITransformer step in ((IEnumerable<ITransformer>)carrier).Take(2))
            view = step.Transform(view);
        DataViewSchema.Column column = view.Schema.GetColumnOrNull(CarrierNames.Blob)
            ?? throw new InvalidDataException("The saved model is damaged: the step that holds its data is missing.");
        using DataViewRowCursor cursor = view.GetRowCursor([column]);
        VBuffer<ReadOnlyMemory<char>> blob = default;
        ValueGetter<VBuffer<ReadOnlyMemory<char>>> getter = cursor.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column);
        if (!cursor.MoveNext())
            throw new InvalidDataException("The saved model is damaged: its data cannot be read.");
        getter(ref blob);
        return CarrierBlob.Decode(blob, location);
    }
}
