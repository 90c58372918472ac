using System.Runtime.InteropServices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Memory;

/// <summary>
/// A thread's own working memory outside the managed heap, aligned to cache lines. It grows on demand and is freed after the thread's end.
/// </summary>
internal sealed unsafe class Scratch
{
    private const nuint Alignment = 64;

    [ThreadStatic]
    private static Scratch?[]? _slots;

    private void* _memory;
    private nuint _bytes;

    ~Scratch() => NativeMemory.AlignedFree(_memory);

    /// <summary>
    /// At least <paramref name="count"/> floats of this thread with any content; the same <paramref name="slot"/> gives the same memory
    /// again.
    /// </summary>
    public static float* Floats(int slot, long count)
    {
        Scratch?[] slots = _slots ??= new Scratch?[5];
        return (slots[slot] ??= new Scratch()).Get(count);
    }

    private float* Get(long count)
    {
        nuint bytes = ((nuint)count * sizeof(float) + Alignment - 1) / Alignment * Alignment;
        if (bytes > _bytes)
        {
            NativeMemory.AlignedFree(_memory);
            _memory = null;
            _bytes = 0;
            _memory = NativeMemory.AlignedAlloc(bytes, Alignment);
            _bytes = bytes;
        }
        return (float*)_memory;
    }
}
