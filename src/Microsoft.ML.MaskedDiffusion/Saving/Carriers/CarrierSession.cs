using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>
/// What one loaded custom mapping keeps: at the first row it decodes the model's text and builds a value from it, which serves all later
/// rows, threads and row mappers. Thread-safe.
/// </summary>
internal sealed class CarrierSession<T>(Func<CarrierContents, T> build)
    where T : class
{
    private readonly Lock _lock = new();
    // The model is loaded at the first row, which may be long after the call that opened the zip, so the zip's location is kept.
    private readonly CarrierLocation? _location = CarrierLocation.Current;
    private volatile Entry? _entry;

    /// <summary>The value for the model's text in a row.</summary>
    public T Get(in VBuffer<ReadOnlyMemory<char>> blob)
    {
        ReadOnlyMemory<char> header = CarrierBlob.HeaderText(blob);
        if (_entry is { } entry && entry.Matches(header))
            return entry.Value;
        lock (_lock)
        {
            if (_entry is { } other && other.Matches(header))
                return other.Value;
            using CarrierContents contents = CarrierBlob.Decode(blob, _location);
            T value = build(contents);
            _entry = new Entry(header.ToString(), value);
            return value;
        }
    }

    private sealed record Entry(string Header, T Value)
    {
        public bool Matches(ReadOnlyMemory<char> header) => header.Span.SequenceEqual(Header);
    }
}
