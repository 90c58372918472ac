using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>Holds one source column's values of the rows read ahead.</summary>
internal abstract class ColumnBuffer
{
    /// <summary>Copies the source's current value into a slot.</summary>
    public abstract void Store(int slot);

    /// <summary>A <see cref="ValueGetter{TValue}"/> over whichever slot <paramref name="slot"/> gives.</summary>
    public abstract Delegate CreateGetter(Func<int> slot);

    /// <summary>A buffer for any column: vectors are copied value by value, all else by assignment.</summary>
    public static ColumnBuffer Create(DataViewRow source, DataViewSchema.Column column, int capacity)
    {
        Type raw = column.Type.RawType;
        Type buffer = raw.IsGenericType && raw.GetGenericTypeDefinition() == typeof(VBuffer<>)
            ? typeof(Vectors<>).MakeGenericType(raw.GetGenericArguments())
            : typeof(Values<>).MakeGenericType(raw);
        return (ColumnBuffer)Activator.CreateInstance(buffer, source, column, capacity)!;
    }

    private sealed class Values<T>(DataViewRow source, DataViewSchema.Column column, int capacity) : ColumnBuffer
    {
        private readonly ValueGetter<T> _getter = source.GetGetter<T>(column);
        private readonly T[] _values = new T[capacity];

        public override void Store(int slot)
        {
            // Never hand the source an older value to reuse: a reader downstream may still hold it.
            T value = default!;
            _getter(ref value);
            _values[slot] = value;
        }

        public override Delegate CreateGetter(Func<int> slot)
        {
            ValueGetter<T> getter = (ref T value) => value = _values[slot()];
            return getter;
        }
    }

    private sealed class Vectors<T>(DataViewRow source, DataViewSchema.Column column, int capacity) : ColumnBuffer
    {
        private readonly ValueGetter<VBuffer<T>> _getter = source.GetGetter<VBuffer<T>>(column);
        private readonly VBuffer<T>[] _values = new VBuffer<T>[capacity];

        public override void Store(int slot) => _getter(ref _values[slot]);

        public override Delegate CreateGetter(Func<int> slot)
        {
            ValueGetter<VBuffer<T>> getter = (ref VBuffer<T> value) => _values[slot()].CopyTo(ref value);
            return getter;
        }
    }
}
