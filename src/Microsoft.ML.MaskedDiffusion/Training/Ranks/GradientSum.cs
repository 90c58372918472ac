using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Training.Adapters;
using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Training.Ranks;

/// <summary>
/// Sums the gradients of a step's parts, one for each virtual rank, in one order of additions whatever the number of ranks: n parts are the
/// sum of the first m and that of the others, where m is the largest power of two below n. A rank has a power of two of them that stand
/// together, which is a branch of that tree; the group adds the branches.
/// </summary>
/// <param name="group">The ranks.</param>
/// <param name="parts">The parts of a step: the ranks times a power of two.</param>
/// <param name="trained">What has the gradients.</param>
internal sealed class GradientSum(IProcessGroup group, int parts, ITrainableWeights trained) : IDisposable
{
    // Numbers of one exchange, 16 MB: a group may need as much once more.
    private const int BucketSize = 1 << 22;

    // Sums that wait for their other half: the first of one part, the next of two, and so on.
    private readonly List<Dictionary<string, torch.Tensor>> _waiting = [];
    private readonly Parameter[] _parameters = [.. trained.Parameters.Values];
    private float[] _bucket = [];
    private int _added;

    /// <summary>The parts of this rank, which follow one another.</summary>
    public int Count { get; } = parts / group.Size;

    /// <summary>The first of them.</summary>
    public int First => group.Rank * Count;

    /// <summary>Begins a step; what an earlier one has left half done is forgotten.</summary>
    public void Begin() => _added = 0;

    /// <summary>
    /// Takes the gradients of the next part, which the weights have then. After the last part of this rank they have the sum of its parts,
    /// and before that they are to be set to zero.
    /// </summary>
    /// <returns>Whether this was the last part.</returns>
    public bool Add()
    {
        if (Count == 1)
            return true;
        using var scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        int part = _added++, level = 0;
        for (; (part >> level & 1) == 1; level++)
            AddWaiting(level);
        if (_added == Count)
            return true;
        if (_waiting.Count == level)
            _waiting.Add([]);
        Keep(_waiting[level]);
        return false;
    }

    /// <summary>The numbers of the weights that have no gradient on this rank, mostly none; none where there are no other ranks.</summary>
    public int[] Missing()
    {
        using var scope = torch.NewDisposeScope();
        return group.Size == 1 ? [] : [.. Enumerable.Range(0, _parameters.Length).Where(i => _parameters[i].grad is null)];
    }

    /// <summary>Gives the weights the sums over all ranks.</summary>
    /// <param name="missing">What <see cref="Missing"/> has found on each rank.</param>
    public void Exchange(IReadOnlyList<int[]> missing)
    {
        if (group.Size == 1)
            return;
        // A weight that has no gradient on any rank gets none.
        Parameter[] present = [.. _parameters.Where((_, i) => missing.Any(rank => !rank.Contains(i)))];
        using var scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        long numbers = present.Sum(parameter => parameter.NumberOfElements);
        if (_bucket.Length < Math.Min(BucketSize, numbers))
            _bucket = new float[Math.Min(BucketSize, numbers)];
        List<Piece> pieces = [];
        int used = 0;
        void Flush()
        {
            group.AllReduce(_bucket.AsSpan(0, used));
            foreach (Piece piece in pieces)
                _bucket.AsSpan(piece.At, piece.Count).CopyTo(TensorMemory.FloatSpan(piece.Host).Slice(piece.From, piece.Count));
            pieces.Clear();
            used = 0;
        }
        List<(torch.Tensor Gradient, torch.Tensor Host)> all = [];
        foreach (Parameter parameter in present)
        {
            torch.Tensor gradient = parameter.grad ?? (parameter.grad = torch.zeros_like(parameter));
            // This is the gradient itself where it lies in the processor's memory.
            torch.Tensor host = gradient.to(torch.ScalarType.Float32).cpu().contiguous();
            all.Add((gradient, host));
            for (int from = 0, count; from < host.NumberOfElements; from += count, used += count)
            {
                if (used == _bucket.Length)
                    Flush();
                count = (int)Math.Min(_bucket.Length - used, host.NumberOfElements - from);
                TensorMemory.FloatSpan(host).Slice(from, count).CopyTo(_bucket.AsSpan(used));
                pieces.Add(new Piece(host, from, used, count));
            }
        }
        Flush();
        foreach ((torch.Tensor gradient, torch.Tensor host) in all.Where(item => !IsOnHost(item.Gradient)))
            gradient.copy_(host);
    }

    public void Dispose()
    {
        foreach (torch.Tensor tensor in _waiting.SelectMany(level => level.Values))
            tensor.Dispose();
        _waiting.Clear();
    }

    private static bool IsOnHost(torch.Tensor gradient) => TensorMemory.IsFast(gradient) && gradient.is_contiguous();

    // Adds what waits to the weights' gradients.
    private void AddWaiting(int level)
    {
        foreach ((string name, torch.Tensor first) in _waiting[level])
        {
            Parameter parameter = trained.Parameters[name];
            if (parameter.grad is { } second)
                second.Increase(first);
            else
                parameter.grad = first.clone();
        }
    }

    private void Keep(Dictionary<string, torch.Tensor> waiting)
    {
        foreach ((string name, Parameter parameter) in trained.Parameters)
        {
            if (parameter.grad is not { } gradient)
            {
                // That of an earlier step is no part of this one.
                if (waiting.Remove(name, out torch.Tensor? earlier))
                    earlier.Dispose();
                continue;
            }
            if (waiting.TryGetValue(name, out torch.Tensor? copy))
                copy.copy_(gradient);
            else
                waiting.Add(name, gradient.clone().DetachFromDisposeScope());
        }
    }

    // A part of a weight's gradient in the bucket.
    private readonly record struct Piece(torch.Tensor Host, int From, int At, int Count);
}
