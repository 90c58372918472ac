using System.Runtime.CompilerServices;
using Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The memory that pools keep for the next time, which the library itself has no reason to ask for.</summary>
internal static class KeptFloats
{
    extension(BufferPool pool)
    {
        /// <summary>Floats kept for the next time.</summary>
        public long KeptCount => Kept(pool);
    }

    extension(KernelSession session)
    {
        /// <summary>The floats that the session's pool keeps for the next call.</summary>
        public long KeptCount => Kept(Pool(session));
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_kept")]
    private static extern ref long Kept(BufferPool pool);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_pool")]
    private static extern ref BufferPool Pool(KernelSession session);
}
