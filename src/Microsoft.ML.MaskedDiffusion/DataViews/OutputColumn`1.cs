using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>A column that a computation adds: its name, type and annotations, and how its value is read off a row's result.</summary>
internal abstract class OutputColumn<TOutput>(string name, DataViewType type, DataViewSchema.Annotations? annotations)
{
    public string Name { get; } = name;

    public DataViewType Type { get; } = type;

    public DataViewSchema.DetachedColumn Detached => new(Name, Type, annotations!);

    /// <summary>A <see cref="ValueGetter{TValue}"/> of the type's raw type over whatever row <paramref name="current"/> gives.</summary>
    public abstract Delegate CreateGetter(Func<TOutput> current);
}
