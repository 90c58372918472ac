using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Memory;

/// <summary>How fast all cores together read memory from its beginning to its end.</summary>
internal static unsafe class MemoryBandwidth
{
    private const long Bytes = 1 << 29;
    private const int Repetitions = 4;
    private const int Piece = 1 << 21;

    /// <summary>Bytes a second, those of the fastest of some readings of half a gibibyte.</summary>
    public static double Measure()
    {
        var memory = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes, 64);
        try
        {
            Workers.Rows(Bytes, Piece, (first, last) => new Span<byte>(memory + first, (int)(last - first)).Fill(1));
            TimeSpan best = TimeSpan.MaxValue;
            long sum = 0;
            for (int i = 0; i < Repetitions; i++)
            {
                long start = Stopwatch.GetTimestamp();
                Workers.Rows(Bytes, Piece, (first, last) => Interlocked.Add(ref sum, Sum(memory + first, memory + last)));
                TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
                best = elapsed < best ? elapsed : best;
            }
            return sum == 0 ? throw new InvalidOperationException("The memory was not read.") : Bytes / best.TotalSeconds;
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    private static long Sum(byte* from, byte* end)
    {
        Vector512<long> a = default, b = default;
        for (; from < end; from += 128)
        {
            a += Vector512.Load((long*)from);
            b += Vector512.Load((long*)(from + 64));
        }
        return Vector512.Sum(a + b);
    }
}
