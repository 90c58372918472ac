using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>
/// The memory of one loaded custom mapping: checks and decodes the blob at its first row and keeps what is built from it for all rows,
/// threads and row mappers after. Safe for many threads.
/// </summary>
internal sealed class CarrierSession<T>(Func<CarrierContents, T> build)
    where T : class
{
    private readonly Lock _lock = new();
    // Loading is lazy and may happen far from the load call: where the zip stood is remembered here.
    private readonly CarrierLocation? _location = CarrierLocation.Current;
    private volatile Entry? _entry;

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
