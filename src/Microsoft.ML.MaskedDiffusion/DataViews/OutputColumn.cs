using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>Writes one value of a row's result into <paramref name="value"/>, and reuses what it holds where it can.</summary>
internal delegate void OutputGetter<in TOutput, TValue>(TOutput row, ref TValue value);

/// <summary>A column that a computation adds: its name, type and annotations, and how its value is read from a row's result.</summary>
internal abstract class OutputColumn<TOutput>(string name, DataViewType type, DataViewSchema.Annotations? annotations)
{
    public string Name { get; } = name;

    public DataViewType Type { get; } = type;

    public DataViewSchema.DetachedColumn Detached => new(Name, Type, annotations!);

    /// <summary>A <see cref="ValueGetter{TValue}"/> of the type's raw type over the row that <paramref name="current"/> gives.</summary>
    public abstract Delegate CreateGetter(Func<TOutput> current);
}

/// <summary>An output column of a known raw type.</summary>
internal sealed class OutputColumn<TOutput, TValue>(
    string name, DataViewType type, OutputGetter<TOutput, TValue> read, DataViewSchema.Annotations? annotations = null)
    : OutputColumn<TOutput>(name, type, annotations)
{
    public override Delegate CreateGetter(Func<TOutput> current)
    {
        ValueGetter<TValue> getter = (ref TValue value) => read(current(), ref value);
        return getter;
    }
}
