namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// The ids of packed files, one file after the other, without those that fill up the last file. Disposes the files. Not thread-safe.
/// </summary>
internal sealed class PackedTokens : ChunkedTokens, IDisposable
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

    public override long Count { get; }

    public override string Identity { get; }

    protected override long ChunkLength => _files.Header.ChunkSize;

    protected override void CopyFrom(int chunk, long offset, Span<long> destination) =>
        _files.Read(chunk, offset, destination, _vocabularySize);

    public void Dispose() => _files.Dispose();
}
