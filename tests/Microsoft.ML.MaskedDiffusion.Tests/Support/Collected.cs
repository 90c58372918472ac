namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Keeps what is reported, at once and in order (unlike Progress&lt;T&gt;, which posts elsewhere); can act on each report.
/// </summary>
internal sealed class Collected<T>(Action<T>? action = null) : IProgress<T>
{
    public List<T> Reports { get; } = [];

    public void Report(T value)
    {
        Reports.Add(value);
        action?.Invoke(value);
    }
}
