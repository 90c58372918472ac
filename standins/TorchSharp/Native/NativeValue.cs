using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>shim_value: one argument or result of an operator.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct NativeValue
{
    [FieldOffset(0)] public ValueTag Tag;
    [FieldOffset(4)] public int Count;
    [FieldOffset(8)] public long Integer;
    [FieldOffset(8)] public double Real;
    [FieldOffset(8)] public IntPtr Pointer;
}

/// <summary>shim_tag.</summary>
internal enum ValueTag
{
    None, Tensor, Int, Double, Bool, Ints, Tensors, Optionals, Device, Generator, String,
}
