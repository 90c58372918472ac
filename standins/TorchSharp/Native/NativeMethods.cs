using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>The functions of native/torch_shim.h.</summary>
internal static unsafe partial class NativeMethods
{
    public const string Library = "torch_shim";

    [LibraryImport(Library)] public static partial byte* shim_last_error();
    [LibraryImport(Library)] public static partial byte* shim_torch_version();
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial int shim_find_operator(string name, string overload, out IntPtr op);
    [LibraryImport(Library)] public static partial int shim_call(IntPtr op, NativeValue* arguments, int argumentCount, NativeValue* results, int capacity, int* resultCount);
    [LibraryImport(Library)] public static partial int shim_tensor_list(IntPtr list, IntPtr* handles);

    [LibraryImport(Library)] public static partial void shim_tensor_free(IntPtr tensor);
    [LibraryImport(Library)] public static partial int shim_tensor_alias(IntPtr tensor, out IntPtr result);
    [LibraryImport(Library)] public static partial int shim_tensor_data(IntPtr tensor, out IntPtr data);
    [LibraryImport(Library)][SuppressGCTransition] public static partial long shim_tensor_dim(IntPtr tensor);
    [LibraryImport(Library)][SuppressGCTransition] public static partial void shim_tensor_shape(IntPtr tensor, long* sizes, long* strides);
    [LibraryImport(Library)] public static partial int shim_tensor_type(IntPtr tensor, out int dtype, out int deviceType, out int deviceIndex);
    [LibraryImport(Library)][SuppressGCTransition] public static partial long shim_tensor_numel(IntPtr tensor);
    [LibraryImport(Library)][SuppressGCTransition] public static partial long shim_tensor_element_size(IntPtr tensor);
    [LibraryImport(Library)][SuppressGCTransition] public static partial int shim_tensor_is_contiguous(IntPtr tensor);
    [LibraryImport(Library)][SuppressGCTransition] public static partial int shim_tensor_is_leaf(IntPtr tensor);
    [LibraryImport(Library)][SuppressGCTransition] public static partial int shim_tensor_requires_grad(IntPtr tensor);
    [LibraryImport(Library)] public static partial int shim_tensor_set_requires_grad(IntPtr tensor, int value);
    [LibraryImport(Library)] public static partial int shim_tensor_grad(IntPtr tensor, out IntPtr gradient);
    [LibraryImport(Library)] public static partial int shim_tensor_set_grad(IntPtr tensor, IntPtr gradient);
    [LibraryImport(Library)] public static partial int shim_tensor_text(IntPtr tensor, out IntPtr text);
    [LibraryImport(Library)] public static partial void shim_text_free(IntPtr text);

    [LibraryImport(Library)] public static partial int shim_backward_run(IntPtr* tensors, IntPtr* gradients, int count, int retainGraph, int createGraph, IntPtr* inputs, int inputCount);
    [LibraryImport(Library)] public static partial int shim_grad(IntPtr* outputs, IntPtr* gradients, int count, IntPtr* inputs, int inputCount, int retainGraph, int createGraph, int allowUnused, IntPtr* results);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int shim_function_attach(long function, delegate* unmanaged<long, IntPtr, IntPtr*, int, IntPtr*, int, void> backward, delegate* unmanaged<long, void> release,
        IntPtr* inputs, int inputCount, IntPtr* outputs, int* differentiable, int outputCount, IntPtr* saved, int savedCount, string name, int materialize);
    [LibraryImport(Library)] public static partial int shim_node_saved(IntPtr node, IntPtr* results);

    [LibraryImport(Library)][SuppressGCTransition] public static partial int shim_grad_enabled();
    [LibraryImport(Library)] public static partial void shim_set_grad_enabled(int value);
    [LibraryImport(Library)] public static partial int shim_inference_begin(int value, out IntPtr guard);
    [LibraryImport(Library)] public static partial void shim_inference_end(IntPtr guard);

    [LibraryImport(Library)] public static partial int shim_generator_new(ulong seed, int deviceType, int deviceIndex, out IntPtr generator);
    [LibraryImport(Library)] public static partial int shim_generator_default(int deviceType, int deviceIndex, out IntPtr generator);
    [LibraryImport(Library)] public static partial void shim_generator_free(IntPtr generator);
    [LibraryImport(Library)] public static partial int shim_generator_seed(IntPtr generator, ulong seed);
    [LibraryImport(Library)] public static partial int shim_generator_reseed(IntPtr generator, out ulong seed);
    [LibraryImport(Library)] public static partial int shim_generator_initial_seed(IntPtr generator, out ulong seed);
    [LibraryImport(Library)] public static partial int shim_generator_state(IntPtr generator, out IntPtr tensor);
    [LibraryImport(Library)] public static partial int shim_generator_set_state(IntPtr generator, IntPtr tensor);
    [LibraryImport(Library)] public static partial int shim_manual_seed(ulong seed);

    [LibraryImport(Library)] public static partial int shim_get_num_threads();
    [LibraryImport(Library)] public static partial int shim_set_num_threads(int count);
    [LibraryImport(Library)] public static partial int shim_cuda_available();
    [LibraryImport(Library)] public static partial int shim_cuda_device_count();
    [LibraryImport(Library)] public static partial int shim_cudnn_available();
    [LibraryImport(Library)] public static partial int shim_cuda_synchronize(int index);
    [LibraryImport(Library)] public static partial int shim_cuda_manual_seed(ulong seed, int index);
    [LibraryImport(Library)] public static partial int shim_default_dtype();
    [LibraryImport(Library)] public static partial int shim_set_default_dtype(int dtype);
    [LibraryImport(Library)] public static partial int shim_anomaly(int enabled, int checkNan, out int before, out int checkNanBefore);
    [LibraryImport(Library)]
    public static partial int shim_adamw(IntPtr* parameters, IntPtr* gradients, IntPtr* means, IntPtr* squares, IntPtr* maxima, long* steps, int count, double rate,
        double beta1, double beta2, double epsilon, double decay, int maximize, int* done);

    /// <summary>Turns a failed call into an exception with libtorch's message and the call's name.</summary>
    public static void Check(int status, string call)
    {
        if (status != 0)
            throw new ExternalException($"{call}: {Marshal.PtrToStringUTF8((IntPtr)shim_last_error())}");
    }
}
