using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Calls ATen operators by name and overload.</summary>
internal static unsafe class Operator
{
    private const int MaximumResults = 8;

    private static readonly ConcurrentDictionary<(string Name, string Overload), IntPtr> Handles = new();

    /// <summary>Calls an operator with one tensor as result.</summary>
    public static torch.Tensor Call(string name, string overload, params ReadOnlySpan<Arg> arguments)
    {
        NativeValue* results = stackalloc NativeValue[MaximumResults];
        int count = Invoke(name, overload, arguments, results);
        return count > 0 && results[0].Tag == ValueTag.Tensor ? torch.Tensor.Adopt(results[0].Pointer) : null;
    }

    /// <summary>Calls an operator for what it does to its arguments.</summary>
    public static void Run(string name, string overload, params ReadOnlySpan<Arg> arguments)
    {
        NativeValue* results = stackalloc NativeValue[MaximumResults];
        int count = Invoke(name, overload, arguments, results);
        for (int i = 0; i < count; i++)
            Release(results[i]);
    }

    /// <summary>Calls an operator with a truth value as result.</summary>
    public static bool Test(string name, string overload, params ReadOnlySpan<Arg> arguments)
    {
        NativeValue* results = stackalloc NativeValue[MaximumResults];
        Invoke(name, overload, arguments, results);
        return results[0].Integer != 0;
    }

    /// <summary>Calls an operator with a whole number as result.</summary>
    public static long Count(string name, string overload, params ReadOnlySpan<Arg> arguments)
    {
        NativeValue* results = stackalloc NativeValue[MaximumResults];
        Invoke(name, overload, arguments, results);
        return results[0].Integer;
    }

    /// <summary>Calls an operator with any number of tensors as results; null where one is undefined.</summary>
    public static torch.Tensor[] CallAll(string name, string overload, params ReadOnlySpan<Arg> arguments)
    {
        NativeValue* results = stackalloc NativeValue[MaximumResults];
        var tensors = new torch.Tensor[Invoke(name, overload, arguments, results)];
        for (int i = 0; i < tensors.Length; i++)
            tensors[i] = torch.Tensor.Adopt(results[i].Pointer);
        return tensors;
    }

    /// <summary>Calls an operator with two tensors as results.</summary>
    public static (torch.Tensor, torch.Tensor) Call2(string name, string overload, params ReadOnlySpan<Arg> arguments)
    {
        NativeValue* results = stackalloc NativeValue[MaximumResults];
        Invoke(name, overload, arguments, results);
        return (torch.Tensor.Adopt(results[0].Pointer), torch.Tensor.Adopt(results[1].Pointer));
    }

    /// <summary>Calls an operator with a list of tensors as result.</summary>
    public static torch.Tensor[] CallList(string name, string overload, params ReadOnlySpan<Arg> arguments)
    {
        NativeValue* results = stackalloc NativeValue[MaximumResults];
        Invoke(name, overload, arguments, results);
        IntPtr[] handles = new IntPtr[results[0].Count];
        fixed (IntPtr* pointer = handles)
            NativeMethods.Check(NativeMethods.shim_tensor_list(results[0].Pointer, pointer), name);
        return Array.ConvertAll(handles, torch.Tensor.Adopt);
    }

    private static int Invoke(string name, string overload, ReadOnlySpan<Arg> arguments, NativeValue* results)
    {
        IntPtr op = Handles.GetOrAdd((name, overload), Find);
        NativeValue* values = stackalloc NativeValue[arguments.Length];
        var buffers = new List<IntPtr>();
        try
        {
            for (int i = 0; i < arguments.Length; i++)
                values[i] = Marshalled(arguments[i], buffers);
            int count;
            int status = NativeMethods.shim_call(op, values, arguments.Length, results, MaximumResults, &count);
            foreach (Arg argument in arguments)
                GC.KeepAlive(argument.Reference);
            NativeMethods.Check(status, name);
            return count;
        }
        finally
        {
            foreach (IntPtr buffer in buffers)
                NativeMemory.Free((void*)buffer);
        }
    }

    private static NativeValue Marshalled(in Arg argument, List<IntPtr> buffers)
    {
        var value = new NativeValue { Tag = argument.Tag, Count = argument.Count };
        switch (argument.Tag)
        {
            case ValueTag.Double:
                value.Real = argument.Real;
                break;
            case ValueTag.Tensor:
                value.Pointer = ((torch.Tensor)argument.Reference).Handle;
                break;
            case ValueTag.Generator:
                value.Pointer = ((torch.Generator)argument.Reference).Handle;
                break;
            case ValueTag.Ints:
                long[] numbers = (long[])argument.Reference;
                value.Pointer = Buffer(buffers, numbers.Length * sizeof(long));
                numbers.CopyTo(new Span<long>((void*)value.Pointer, numbers.Length));
                break;
            case ValueTag.Tensors or ValueTag.Optionals:
                var tensors = (torch.Tensor[])argument.Reference;
                value.Pointer = Buffer(buffers, tensors.Length * sizeof(IntPtr));
                for (int i = 0; i < tensors.Length; i++)
                    ((IntPtr*)value.Pointer)[i] = tensors[i]?.Handle ?? IntPtr.Zero;
                break;
            case ValueTag.String:
                byte[] text = System.Text.Encoding.UTF8.GetBytes((string)argument.Reference + "\0");
                value.Pointer = Buffer(buffers, text.Length);
                text.CopyTo(new Span<byte>((void*)value.Pointer, text.Length));
                break;
            default:
                value.Integer = argument.Integer;
                break;
        }
        return value;
    }

    private static IntPtr Buffer(List<IntPtr> buffers, int bytes)
    {
        var buffer = (IntPtr)NativeMemory.Alloc((nuint)Math.Max(bytes, 1));
        buffers.Add(buffer);
        return buffer;
    }

    private static IntPtr Find((string Name, string Overload) key)
    {
        NativeLibraries.EnsureLoaded();
        NativeMethods.Check(NativeMethods.shim_find_operator(key.Name, key.Overload, out IntPtr op), key.Name);
        return op;
    }

    private static void Release(in NativeValue value)
    {
        if (value.Tag == ValueTag.Tensor)
        {
            NativeMethods.shim_tensor_free(value.Pointer);
        }
        else if (value.Tag == ValueTag.Tensors)
        {
            IntPtr[] handles = new IntPtr[value.Count];
            fixed (IntPtr* pointer = handles)
                NativeMethods.Check(NativeMethods.shim_tensor_list(value.Pointer, pointer), "list");
            foreach (IntPtr handle in handles)
                NativeMethods.shim_tensor_free(handle);
        }
    }
}
