namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>What a carrier held, checked against its SHA-256; the body stands at its start.</summary>
internal sealed record CarrierContents(CarrierHeader Header, Stream Body) : IDisposable
{
    public void Dispose() => Body.Dispose();
}
