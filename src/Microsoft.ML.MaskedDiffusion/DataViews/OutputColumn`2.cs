using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>Writes one value of a row's result into <paramref name="value"/>, reusing what it holds where it can.</summary>
internal delegate void OutputReader<in TOutput, TValue>(TOutput row, ref TValue value);

/// <summary>An output column of a known raw type.</summary>
internal sealed class OutputColumn<TOutput, TValue>(
    string name, DataViewType type, OutputReader<TOutput, TValue> read, DataViewSchema.Annotations? annotations = null)
    : OutputColumn<TOutput>(name, type, annotations)
{
    public override Delegate CreateGetter(Func<TOutput> current)
    {
        ValueGetter<TValue> getter = (ref TValue value) => read(current(), ref value);
        return getter;
    }
}
