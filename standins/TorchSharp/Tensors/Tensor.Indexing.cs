using TorchSharp.Native;

namespace TorchSharp;

// Indexing as in Python: numbers, slices, masks and index tensors.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        public Tensor this[params Tensor[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        public Tensor this[long i1]
        {
            get => select(0, i1);
            set => Assign(select(0, i1), value);
        }

        public Tensor this[long i1, long i2]
        {
            get => At(i1, i2);
            set => Assign(At(i1, i2), value);
        }

        public Tensor this[long i1, long i2, long i3]
        {
            get => At(i1, i2, i3);
            set => Assign(At(i1, i2, i3), value);
        }

        public Tensor index(params TensorIndex[] indices)
        {
            Tensor view = View(indices, out Tensor[] tensors);
            return tensors is null ? view : Consume(view, Operator.Call("aten::index", "Tensor", view, Arg.Optionals(tensors)));
        }

        public Tensor index(params Tensor[] indices) => Operator.Call("aten::index", "Tensor", this, Arg.Optionals(indices));

        public Tensor index_put_(Tensor value, params TensorIndex[] indices)
        {
            using Tensor view = View(indices, out Tensor[] tensors);
            if (tensors is null)
                view.copy_(value);
            else
                view.index_put_(value, tensors);
            return this;
        }

        public Tensor index_put_(Tensor value, params Tensor[] indices) => InPlace("aten::index_put_", "", this, Arg.Optionals(indices), value);

        public Tensor index_put_(Scalar value, params TensorIndex[] indices)
        {
            using Tensor number = full(value, dtype, device);
            return index_put_(number, indices);
        }

        public Tensor index_put_(Scalar value, params Tensor[] indices)
        {
            using Tensor number = full(value, dtype, device);
            return index_put_(number, indices);
        }

        private static Tensor full(Scalar value, ScalarType type, Device device) => torch.full([], value, type, device);

        private static void Assign(Tensor target, Tensor value)
        {
            target.copy_(value);
            target.Dispose();
        }

        private static Tensor Consume(Tensor used, Tensor result)
        {
            used.Dispose();
            return result;
        }

        private Tensor At(params ReadOnlySpan<long> indices)
        {
            Tensor view = select(0, indices[0]);
            for (int i = 1; i < indices.Length; i++)
                view = Consume(view, view.select(0, indices[i]));
            return view;
        }

        /// <summary>Applies the numbers, slices and new axes; what is left are index tensors by dimension, or null where there are none.</summary>
        private Tensor View(TensorIndex[] indices, out Tensor[] tensors)
        {
            Tensor view = alias();
            var found = new List<Tensor>();
            long dimension = 0;
            long consuming = indices.Sum(i => i.Kind switch { TensorIndexKind.None or TensorIndexKind.Ellipsis => 0L, TensorIndexKind.Tensor => i.Value.dtype == ScalarType.Bool ? i.Value.Dimensions : 1, _ => 1 });
            foreach (TensorIndex index in indices)
            {
                switch (index.Kind)
                {
                    case TensorIndexKind.None:
                        view = Consume(view, view.unsqueeze(dimension++));
                        break;
                    case TensorIndexKind.Ellipsis:
                        dimension += Dimensions - consuming;
                        break;
                    case TensorIndexKind.Single:
                        view = Consume(view, view.select(dimension, index.Start.Value));
                        break;
                    case TensorIndexKind.Slice:
                        view = Consume(view, Operator.Call("aten::slice", "Tensor", view, dimension++, index.Start, index.Stop, index.Step ?? 1L));
                        break;
                    case TensorIndexKind.Tensor:
                        while (found.Count < dimension)
                            found.Add(null);
                        found.Add(index.Value);
                        dimension += index.Value.dtype == ScalarType.Bool ? index.Value.Dimensions : 1;
                        break;
                }
            }
            tensors = found.Count == 0 ? null : [.. found];
            return view;
        }
    }
}
