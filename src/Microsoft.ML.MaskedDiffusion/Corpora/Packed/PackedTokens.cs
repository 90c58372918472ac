namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// The ids of packed files, one file after the other, without those that fill up the last file. Disposes the files. Not thread-safe.
/// </summary>
internal sealed class PackedTokens : ITokens, IDisposable
{
    private readonly PackedFiles _files;
    private readonly int _vocabularySize;

    /// <param name="files">The files.</param>
    /// <param name="count">The number of ids without those that fill up the last file.</param>
    /// <param name="vocabularySize">Every id must be below this number.</param>
    /// <param name="identity">A text that tells these ids from others.</param>
    /// <exception cref="InvalidDataException">The files have room for another number of ids.</exception>
    public PackedTokens(PackedFiles files, long count, int vocabularySize, string identity)
    {
        long room = files.Paths.Count * files.Header.ChunkSize;
        if (count > room || count <= room - files.Header.ChunkSize)
        {
            throw new InvalidDataException(
                $"{files.Paths[0]} and the files after it have room for {room} token ids, "
                + $"which does not fit the {count} that were written.");
        }
        (_files, Count, _vocabularySize, Identity) = (files, count, vocabularySize, identity);
    }

    public long Count { get; }

    public string Identity { get; }

    public void CopyTo(long start, Span<long> destination)
    {
        if (start < 0 || start + destination.Length > Count)
        {
            throw new ArgumentOutOfRangeException(
                nameof(start), start, $"A range of {destination.Length} ids from here does not lie within the {Count} ids.");
        }
        while (!destination.IsEmpty)
        {
            (long file, long offset) = Math.DivRem(start, _files.Header.ChunkSize);
            int count = (int)Math.Min(destination.Length, _files.Header.ChunkSize - offset);
            _files.Read((int)file, offset, destination[..count], _vocabularySize);
            destination = destination[count..];
            start += count;
        }
    }

    public void Dispose() => _files.Dispose();
}
