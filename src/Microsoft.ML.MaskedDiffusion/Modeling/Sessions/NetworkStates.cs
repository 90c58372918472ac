namespace Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

/// <summary>States that the output layer reads, [<see cref="Count"/>, d], in memory of their own, which disposal gives back.</summary>
internal abstract class NetworkStates(int count) : IDisposable
{
    /// <summary>Number of states.</summary>
    public int Count { get; } = count;

    /// <summary>Copies a state's numbers.</summary>
    public abstract void CopyTo(int row, Span<float> destination);

    public abstract void Dispose();
}
