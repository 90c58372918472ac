namespace Microsoft.ML.MaskedDiffusion.Progress;

/// <summary>Reports the progress of a part of a work, 0 to 1, as that of the whole.</summary>
internal sealed class PartOfProgress : IProgress<double>
{
    private readonly IProgress<double> _whole;
    private readonly double _from, _to;

    private PartOfProgress(IProgress<double> whole, double from, double to) => (_whole, _from, _to) = (whole, from, to);

    /// <summary>The progress of the part between two shares of the whole; null where nobody is told of the whole.</summary>
    public static PartOfProgress? Of(IProgress<double>? whole, double from, double to) =>
        whole is null ? null : new PartOfProgress(whole, from, to);

    public void Report(double value) => _whole.Report(_from + (_to - _from) * value);
}
