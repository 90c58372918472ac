using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// A session on our own kernels. Its memory, the packed weights above all, is in a pool of its own, so that disposal frees all of it.
/// </summary>
internal sealed unsafe class KernelSession : NetworkSession
{
    // Logits that exist at once: 16 MB, and as many again under guidance.
    private const int SliceLogits = 1 << 22;

    private readonly BufferPool _pool = new();
    private readonly KernelNetwork _kernels;
    private readonly SessionWeights _weights;
    private readonly float* _bias;

    /// <param name="config">The network's shape.</param>
    /// <param name="tables">Its tables of positions.</param>
    /// <param name="weights">Its weights up to the output layer.</param>
    /// <param name="head">Its output layer.</param>
    /// <param name="rounded">Whether products round their operands to bfloat16.</param>
    /// <param name="network">Keeps the weights alive.</param>
    public KernelSession(
        TransformerConfig config, RotaryTables tables, NetworkWeights weights, OutputLayer head, bool rounded, UseCount.Use network)
        : base(config, network)
    {
        _kernels = new KernelNetwork(config, tables, _pool) { Rounded = rounded };
        _weights = new SessionWeights(_pool, config, weights, head.Matrix, rounded);
        _bias = head.BiasAddress;
    }

    protected override KeyValueCache CreateCache(int capacity) => new KernelCache(this, Config, _pool, capacity);

    protected override NetworkStates Compute(IReadOnlyList<SequencePart> parts)
    {
        var batch = new RaggedBatch(parts);
        var states = new KernelStates(batch.Asked.Length, Config.EmbeddingSize, _pool);
        try
        {
            _kernels.InferParts(_weights, batch, states.Pointer);
            return states;
        }
        catch
        {
            states.Dispose();
            throw;
        }
    }

    protected override NetworkStates Select(NetworkStates states, int[] rows)
    {
        int d = Config.EmbeddingSize;
        var chosen = new KernelStates(rows.Length, d, _pool);
        for (int i = 0; i < rows.Length; i++)
            states.CopyTo(rows[i], new Span<float>(chosen.Pointer + (long)i * d, d));
        return chosen;
    }

    protected override void Read(NetworkStates states, int[] rows, int[]? unconditional, double guidanceScale, LogitRowReader reader)
    {
        int width = Config.VocabularySize, step = Math.Min(rows.Length, Math.Max(1, SliceLogits / width));
        float* from = ((KernelStates)states).Pointer;
        using PooledBuffer first = _pool.Rent((long)step * width);
        using PooledBuffer? second = unconditional is null ? null : _pool.Rent((long)step * width);
        float* logits = first.Pointer, others = second is null ? null : second.Pointer;
        for (int start = 0; start < rows.Length; start += step)
        {
            int slice = start, count = Math.Min(step, rows.Length - start);
            Multiply(from, rows.AsSpan(start, count), logits);
            if (unconditional is not null)
                Multiply(from, unconditional.AsSpan(start, count), others);
            Workers.Run(count, i =>
            {
                float* row = logits + (long)i * width;
                if (others is not null)
                    VocabularyKernels.Guide(row, others + (long)i * width, width, (float)(1 + guidanceScale));
                reader(slice + i, new ReadOnlySpan<float>(row, width));
            });
        }
    }

    protected override void Free()
    {
        _weights.Dispose();
        _pool.Dispose();
        NativeHeap.GiveBack();
    }

    // The logits of some rows; rows that follow each other are read where they are.
    private void Multiply(float* states, ReadOnlySpan<int> rows, float* logits)
    {
        int d = Config.EmbeddingSize, width = Config.VocabularySize, n = rows.Length;
        bool follow = true;
        for (int i = 1; i < n; i++)
            follow &= rows[i] == rows[i - 1] + 1;
        using PooledBuffer? gathered = follow ? null : _pool.Rent((long)n * d);
        float* x = gathered is null ? states + (long)rows[0] * d : gathered.Pointer;
        for (int i = 0; i < n && !follow; i++)
            new ReadOnlySpan<float>(states + (long)rows[i] * d, d).CopyTo(new Span<float>(x + (long)i * d, d));
        _weights.Head.Multiply(n, x, d, logits, width);
        PlaceArithmetic.AddBias(logits, _bias, n, width);
    }
}
