using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace TorchSharp.Native;

/// <summary>Calls ATen operators by name and overload.</summary>
internal static unsafe class Operator
{
    private const int MaximumResults = 8;
    private const int SmallBuffer = 1024;

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

    /// <summary>Whether this libtorch has an operator; newer ones have more.</summary>
    public static bool Exists(string name, string overload)
    {
        NativeLibraries.EnsureLoaded();
        return Handles.ContainsKey((name, overload)) || NativeMethods.shim_find_operator(name, overload, out _) == 0;
    }

    private static int Invoke(string name, string overload, ReadOnlySpan<Arg> arguments, NativeValue* results)
    {
        IntPtr op = Handles.GetOrAdd((name, overload), Find);
        NativeValue* values = stackalloc NativeValue[arguments.Length];
        int bytes = 0;
        foreach (Arg argument in arguments)
            bytes += Size(argument);
        byte* small = stackalloc byte[bytes <= SmallBuffer ? bytes : 0];
        byte* buffer = bytes <= SmallBuffer ? small : (byte*)NativeMemory.Alloc((nuint)bytes);
        try
        {
            byte* free = buffer;
            for (int i = 0; i < arguments.Length; i++)
            {
                values[i] = Marshalled(arguments[i], free);
                free += Size(arguments[i]);
            }
            int count;
            int status = NativeMethods.shim_call(op, values, arguments.Length, results, MaximumResults, &count);
            foreach (Arg argument in arguments)
                GC.KeepAlive(argument.Reference);
            NativeMethods.Check(status, name);
            return count;
        }
        finally
        {
            if (buffer != small)
                NativeMemory.Free(buffer);
        }
    }

    /// <summary>The bytes that a list or a text needs, rounded up so that the next one is aligned.</summary>
    private static int Size(in Arg argument) => argument.Tag switch
    {
        ValueTag.Ints or ValueTag.Tensors or ValueTag.Optionals => argument.Count * sizeof(long),
        ValueTag.String => (Encoding.UTF8.GetByteCount((string)argument.Reference) + sizeof(long)) & ~(sizeof(long) - 1),
        _ => 0,
    };

    private static NativeValue Marshalled(in Arg argument, byte* buffer)
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
                value.Pointer = (IntPtr)buffer;
                ((long[])argument.Reference).CopyTo(new Span<long>(buffer, argument.Count));
                break;
            case ValueTag.Tensors or ValueTag.Optionals:
                value.Pointer = (IntPtr)buffer;
                var tensors = (torch.Tensor[])argument.Reference;
                for (int i = 0; i < tensors.Length; i++)
                    ((IntPtr*)buffer)[i] = tensors[i]?.Handle ?? IntPtr.Zero;
                break;
            case ValueTag.String:
                value.Pointer = (IntPtr)buffer;
                var text = new Span<byte>(buffer, Size(argument));
                text.Clear();
                Encoding.UTF8.GetBytes((string)argument.Reference, text);
                break;
            default:
                value.Integer = argument.Integer;
                break;
        }
        return value;
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
