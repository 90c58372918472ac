using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>What a forward pass leaves for its backward pass. Saved tensors are held by libtorch's node, so an output may be saved without a cycle.</summary>
        public class AutogradContext : IDisposable
        {
            private readonly bool[] _isTensor;
            private readonly Func<AutogradContext, List<Tensor>, List<Tensor>> _backward;
            private readonly Dictionary<string, object> _data = [];
            private readonly HashSet<Tensor> _nonDifferentiable = new(ReferenceEqualityComparer.Instance);
            private readonly HashSet<Tensor> _dirty = new(ReferenceEqualityComparer.Instance);
            private List<Tensor> _toSave = [];
            private int _savedCount;
            private IntPtr _node;

            internal AutogradContext(string name, object[] inputs, Func<AutogradContext, List<Tensor>, List<Tensor>> backward)
            {
                Name = name;
                _isTensor = [.. inputs.Select(input => input is Tensor)];
                _backward = backward;
            }

            public bool MaterializeGrads { get; private set; } = true;

            internal string Name { get; }

            public void save_for_backward(List<Tensor> tensors) => _toSave = [.. tensors];

            public void save_data(string key, object value) => _data[key] = value;

            public object get_data(string key) => _data.GetValueOrDefault(key);

            public void mark_dirty(List<Tensor> tensors) => _dirty.UnionWith(tensors);

            public void mark_non_differentiable(List<Tensor> tensors) => _nonDifferentiable.UnionWith(tensors);

            public void set_materialize_grads(bool value) => MaterializeGrads = value;

            public List<Tensor> get_saved_variables()
            {
                if (_node == IntPtr.Zero)
                    throw new InvalidOperationException("Saved tensors can be read during backward only.");
                IntPtr[] handles = new IntPtr[_savedCount];
                unsafe
                {
                    fixed (IntPtr* pointer = handles)
                        NativeMethods.Check(NativeMethods.shim_node_saved(_node, pointer), Name);
                }
                return [.. handles.Select(Tensor.Adopt)];
            }

            public void Dispose() => Dispose(true);

            protected virtual void Dispose(bool disposing) => _toSave = [];

            /// <summary>Runs the backward pass; gradients are returned for the tensors among the inputs only.</summary>
            internal List<Tensor> RunBackward(IntPtr node, List<Tensor> gradients)
            {
                _node = node;
                try
                {
                    return ForTensors(_backward(this, gradients));
                }
                finally
                {
                    _node = IntPtr.Zero;
                }
            }

            /// <summary>
            /// Holds the gradients against the arguments of the forward pass, as PyTorch does: one each, null for what is no tensor. NotImplementedException is
            /// what the published package throws for a backward pass that keeps to neither.
            /// </summary>
            private List<Tensor> ForTensors(List<Tensor> gradients)
            {
                while (gradients.Count > _isTensor.Length && gradients[^1] is null)
                    gradients.RemoveAt(gradients.Count - 1);
                if (gradients.Count != _isTensor.Length)
                    throw new NotImplementedException($"The backward pass of {Name} gave {gradients.Count} gradients; the forward pass took {_isTensor.Length} arguments, and each needs one (null for what is no tensor).");
                for (int i = 0; i < gradients.Count; i++)
                {
                    if (!_isTensor[i] && gradients[i] is not null)
                        throw new NotImplementedException($"The backward pass of {Name} gave a gradient for argument {i + 1}, which is no tensor; give null there.");
                }
                return [.. gradients.Where((_, i) => _isTensor[i])];
            }

            internal unsafe void Attach(Tensor[] inputs, List<Tensor> outputs)
            {
                int[] roles = [.. outputs.Select(output => _nonDifferentiable.Contains(output) ? 0 : _dirty.Contains(output) ? 2 : 1)];
                _savedCount = _toSave.Count;
                long id = FunctionCallbacks.Add(this);
                fixed (IntPtr* i = Handles(inputs), o = Handles(outputs), s = Handles(_toSave))
                fixed (int* d = roles)
                {
                    int status = NativeMethods.shim_function_attach(id, FunctionCallbacks.Backward, FunctionCallbacks.Release, i, inputs.Length, o, d, outputs.Count, s, _savedCount, Name, MaterializeGrads ? 1 : 0);
                    if (status != 0)
                        FunctionCallbacks.Remove(id);
                    NativeMethods.Check(status, Name);
                }
                GC.KeepAlive(inputs);
                // The node holds the tensors from here on.
                _toSave = [];
            }
        }
    }
}
