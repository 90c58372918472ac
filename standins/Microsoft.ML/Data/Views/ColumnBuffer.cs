namespace Microsoft.ML.Data;

/// <summary>Values of one column copied out of a row, by slot, without boxing.</summary>
internal abstract class ColumnBuffer
{
    internal static ColumnBuffer Create(DataViewType type)
    {
        var buffer = type is VectorDataViewType vector
            ? typeof(VectorBuffer<>).MakeGenericType(vector.ItemType.RawType)
            : typeof(ScalarBuffer<>).MakeGenericType(type.RawType);
        return (ColumnBuffer)Activator.CreateInstance(buffer, nonPublic: true);
    }

    /// <summary>Reads from this row from now on.</summary>
    internal abstract void Bind(DataViewRow row, DataViewSchema.Column column);

    /// <summary>Copies the row's present value into a slot; the buffer grows as needed.</summary>
    internal abstract void Fetch(int slot);

    internal abstract Delegate MakeGetter(RowPointer pointer);

    /// <summary>Lets go of the row it was bound to and of spare room.</summary>
    internal abstract void Seal(int count);

    private sealed class ScalarBuffer<T> : ColumnBuffer
    {
        private ValueGetter<T> _getter;
        private T[] _values = new T[16];

        internal override void Bind(DataViewRow row, DataViewSchema.Column column) => _getter = row.GetGetter<T>(column);

        internal override void Fetch(int slot)
        {
            if (slot >= _values.Length)
                Array.Resize(ref _values, Math.Max(slot + 1, _values.Length * 2));
            // A text value may lie over a buffer that the source writes again; a value of its own is asked for.
            _values[slot] = default;
            _getter(ref _values[slot]);
        }

        internal override Delegate MakeGetter(RowPointer pointer)
        {
            ValueGetter<T> getter = (ref T value) => value = _values[pointer.Checked()];
            return getter;
        }

        internal override void Seal(int count)
        {
            _getter = null;
            Array.Resize(ref _values, count);
        }
    }

    private sealed class VectorBuffer<T> : ColumnBuffer
    {
        private ValueGetter<VBuffer<T>> _getter;
        private VBuffer<T>[] _values = new VBuffer<T>[16];

        internal override void Bind(DataViewRow row, DataViewSchema.Column column) => _getter = row.GetGetter<VBuffer<T>>(column);

        internal override void Fetch(int slot)
        {
            if (slot >= _values.Length)
                Array.Resize(ref _values, Math.Max(slot + 1, _values.Length * 2));
            _getter(ref _values[slot]);
        }

        internal override Delegate MakeGetter(RowPointer pointer)
        {
            ValueGetter<VBuffer<T>> getter = (ref VBuffer<T> value) => _values[pointer.Checked()].CopyTo(ref value);
            return getter;
        }

        internal override void Seal(int count)
        {
            _getter = null;
            Array.Resize(ref _values, count);
        }
    }
}
