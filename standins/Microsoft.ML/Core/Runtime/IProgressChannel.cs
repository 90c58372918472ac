namespace Microsoft.ML.Runtime;

public interface IProgressChannel : IProgressChannelProvider, IDisposable
{
    /// <summary>Says what is counted; <paramref name="fillAction"/> fills in the state when it is asked for.</summary>
    void SetHeader(ProgressHeader header, Action<IProgressEntry> fillAction);

    /// <summary>Reports metrics, then units, in the header's order.</summary>
    void Checkpoint(params double?[] values);
}
