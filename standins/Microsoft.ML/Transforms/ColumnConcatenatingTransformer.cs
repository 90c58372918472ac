using Microsoft.ML.Transforms;

namespace Microsoft.ML.Data;

/// <summary>Puts columns of one item type side by side in a vector.</summary>
public sealed class ColumnConcatenatingTransformer : RowToRowTransformerBase
{
    internal const string LoaderSignature = "ConcatTransform";

    private readonly string _output;
    private readonly string[] _inputs;

    internal ColumnConcatenatingTransformer(string output, IEnumerable<string> inputs)
    {
        _output = output;
        _inputs = [.. inputs];
    }

    private protected override RowMapping Bind(DataViewSchema inputSchema)
    {
        var inputs = _inputs.Select(name => Schemas.Find(inputSchema, name)).ToArray();
        var item = ItemType(inputs[0].Type);
        foreach (var input in inputs)
            if (!ItemType(input.Type).Equals(item)) throw SchemaErrors.Mismatch("inputSchema", "input", input.Name, item.ToString(), ItemType(input.Type).ToString());
        int size = 0;
        foreach (var input in inputs)
        {
            if (input.Type is VectorDataViewType { IsKnownSize: false })
            {
                size = 0;
                break;
            }
            size += input.Type is VectorDataViewType vector ? vector.Size : 1;
        }
        var type = new VectorDataViewType(item, size);
        return new Concatenation(inputSchema, inputs, new(_output, type, size > 0 ? SlotNames(inputs, size) : null));
    }

    private static PrimitiveDataViewType ItemType(DataViewType type) =>
        type is VectorDataViewType vector ? vector.ItemType : (PrimitiveDataViewType)type;

    // A scalar gives its column name, a vector its own slot names after its column name.
    private static DataViewSchema.Annotations SlotNames(DataViewSchema.Column[] inputs, int size)
    {
        var names = new List<ReadOnlyMemory<char>>(size);
        bool any = false;
        foreach (var input in inputs)
        {
            if (input.Type is not VectorDataViewType vector)
            {
                names.Add(input.Name.AsMemory());
                any = true;
                continue;
            }
            VBuffer<ReadOnlyMemory<char>> slots = default;
            bool has = input.Annotations.Schema.GetColumnOrNull("SlotNames")?.Type is VectorDataViewType { ItemType: TextDataViewType } kind && kind.Size == vector.Size;
            if (has) input.Annotations.GetValue("SlotNames", ref slots);
            for (int i = 0; i < vector.Size; i++) names.Add(has ? $"{input.Name}.{slots.GetItemOrDefault(i)}".AsMemory() : default);
            any |= has;
        }
        var builder = new DataViewSchema.Annotations.Builder();
        if (any)
        {
            var values = names.ToArray();
            builder.Add("SlotNames", new VectorDataViewType(TextDataViewType.Instance, size),
                (ref VBuffer<ReadOnlyMemory<char>> target) => VBuffer<ReadOnlyMemory<char>>.Copy(values, 0, ref target, values.Length));
        }
        return builder.ToAnnotations();
    }

    private protected override void SaveModel(ModelSaveContext context)
    {
        context.Start(LoaderSignature);
        context.Writer.Write(_output);
        context.Writer.WriteStrings(_inputs);
    }

    internal static ITransformer Load(IHostEnvironment environment, ModelLoadContext context)
    {
        string output = context.Reader.ReadString();
        var inputs = context.Reader.ReadStrings("columns");
        if (inputs.Length == 0) throw new InvalidDataException("A concatenation of no columns cannot be.");
        return new ColumnConcatenatingTransformer(output, inputs);
    }

    private sealed class Concatenation(DataViewSchema schema, DataViewSchema.Column[] inputs, DataViewSchema.DetachedColumn output) : RowMapping(schema, [output])
    {
        protected override IEnumerable<DataViewSchema.Column> InputsOf(int added) => inputs;

        public override Delegate[] CreateGetters(DataViewRow input, Func<int, bool> isAddedActive, out Action dispose)
        {
            dispose = null;
            if (!isAddedActive(0)) return [null];
            return [(Delegate)Generic.Call(typeof(Concatenation), nameof(CreateGetter), Generic.ItemRawType(inputs[0].Type), input, inputs)!];
        }

        private static ValueGetter<VBuffer<T>> CreateGetter<T>(DataViewRow row, DataViewSchema.Column[] inputs)
        {
            var append = new Action<List<T>>[inputs.Length];
            for (int i = 0; i < inputs.Length; i++)
            {
                var column = row.Schema[inputs[i].Index];
                if (column.Type is VectorDataViewType)
                {
                    var getter = row.GetGetter<VBuffer<T>>(column);
                    VBuffer<T> vector = default;
                    append[i] = values =>
                    {
                        getter(ref vector);
                        values.AddRange(vector.DenseValues());
                    };
                }
                else
                {
                    var getter = row.GetGetter<T>(column);
                    T value = default;
                    append[i] = values =>
                    {
                        getter(ref value);
                        values.Add(value);
                    };
                }
            }
            var all = new List<T>();
            return (ref VBuffer<T> target) =>
            {
                all.Clear();
                foreach (var step in append) step(all);
                var editor = VBufferEditor.Create(ref target, all.Count);
                System.Runtime.InteropServices.CollectionsMarshal.AsSpan(all).CopyTo(editor.Values);
                target = editor.Commit();
            };
        }
    }
}
