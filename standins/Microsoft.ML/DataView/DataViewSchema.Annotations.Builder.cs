namespace Microsoft.ML;

public sealed partial class DataViewSchema
{
    public sealed partial class Annotations
    {
        /// <summary>Gathers notes for one column.</summary>
        public sealed class Builder
        {
            private readonly List<DetachedColumn> _columns = [];
            private readonly List<Delegate> _getters = [];

            /// <summary>Takes over those notes whose kind <paramref name="selector"/> accepts.</summary>
            public void Add(Annotations annotations, Func<string, bool> selector)
            {
                if (annotations == null)
                    return;
                ArgumentNullException.ThrowIfNull(selector);
                foreach (var column in annotations.Schema)
                {
                    if (!selector(column.Name))
                        continue;
                    _columns.Add(new DetachedColumn(column));
                    _getters.Add(annotations.GetGetter(column.Index));
                }
            }

            public void Add<TValue>(string name, DataViewType type, ValueGetter<TValue> getter, Annotations annotations = null) =>
                Add(name, type, (Delegate)getter, annotations);

            public void Add(string name, DataViewType type, Delegate getter, Annotations annotations = null)
            {
                ArgumentNullException.ThrowIfNull(getter);
                ArgumentNullException.ThrowIfNull(type);
                if (getter.GetType() != typeof(ValueGetter<>).MakeGenericType(type.RawType))
                    throw new ArgumentException($"The getter must be a {nameof(ValueGetter<int>)} of {type.RawType}, and is {getter.GetType()}.", nameof(getter));
                _columns.Add(new DetachedColumn(name, type, annotations));
                _getters.Add(getter);
            }

            public void AddPrimitiveValue<TValue>(string name, PrimitiveDataViewType type, TValue value, Annotations annotations = null)
            {
                ArgumentNullException.ThrowIfNull(type);
                if (type.RawType != typeof(TValue))
                    throw new ArgumentException($"Type {type.RawType} of the annotation does not hold a {typeof(TValue)}.", nameof(type));
                Add(name, type, (ref TValue target) => target = value, annotations);
            }

            public Annotations ToAnnotations() => _columns.Count == 0 ? Empty : new(new DataViewSchema(_columns), [.. _getters]);
        }
    }
}
