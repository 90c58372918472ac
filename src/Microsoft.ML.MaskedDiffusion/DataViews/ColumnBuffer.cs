using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>Holds one source column's values of the rows read ahead.</summary>
internal abstract class ColumnBuffer
{
    /// <summary>Copies the source's current value into a slot, which may be the next after the last.</summary>
    public abstract void Store(int slot);

    /// <summary>Moves a value to another slot.</summary>
    public abstract void Move(int from, int to);

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
        private T[] _values = new T[capacity];

        public override void Store(int slot)
        {
            // Never hand the source an older value to reuse: a reader downstream may still hold it.
            T value = default!;
            _getter(ref value);
            if (slot == _values.Length)
                Array.Resize(ref _values, 2 * slot);
            _values[slot] = value;
        }

        public override void Move(int from, int to) => _values[to] = _values[from];

        public override Delegate CreateGetter(Func<int> slot)
        {
            ValueGetter<T> getter = (ref T value) => value = _values[slot()];
            return getter;
        }
    }

    private sealed class Vectors<T>(DataViewRow source, DataViewSchema.Column column, int capacity) : ColumnBuffer
    {
        private readonly ValueGetter<VBuffer<T>> _getter = source.GetGetter<VBuffer<T>>(column);
        private VBuffer<T>[] _values = new VBuffer<T>[capacity];

        public override void Store(int slot)
        {
            if (slot == _values.Length)
                Array.Resize(ref _values, 2 * slot);
            _getter(ref _values[slot]);
        }

        // Swapped, so that each slot keeps memory of its own.
        public override void Move(int from, int to) => (_values[from], _values[to]) = (_values[to], _values[from]);

        public override Delegate CreateGetter(Func<int> slot)
        {
            ValueGetter<VBuffer<T>> getter = (ref VBuffer<T> value) => _values[slot()].CopyTo(ref value);
            return getter;
        }
    }
}
