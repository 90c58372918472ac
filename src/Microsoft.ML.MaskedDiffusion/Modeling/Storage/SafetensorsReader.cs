using System.Buffers;
using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>
/// Reads one safetensors file, tensor by tensor, with a small buffer of its own. On a stream that cannot seek, the tensors must be read in
/// the order of <see cref="Entries"/>. Not thread-safe.
/// </summary>
internal sealed class SafetensorsReader : IDisposable
{
    private const int BufferBytes = 1 << 20;
    private readonly Stream _stream;
    private readonly SafetensorsHeader _header;
    private readonly Dictionary<string, SafetensorsEntry> _byName;
    private long _position;

    /// <param name="stream">Stands at the start of the file; it is disposed with this reader.</param>
    /// <param name="file">The name for messages.</param>
    /// <param name="length">The file's length in bytes.</param>
    public SafetensorsReader(Stream stream, string file, long length)
    {
        _stream = stream;
        File = file;
        try
        {
            _header = SafetensorsHeader.Read(stream, file, length);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
        _position = _header.DataOffset;
        _byName = _header.Entries.ToDictionary(entry => entry.Name);
    }

    public string File { get; }

    public IReadOnlyList<SafetensorsEntry> Entries => _header.Entries;

    public static SafetensorsReader Open(string path)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        return new SafetensorsReader(stream, path, stream.Length);
    }

    public bool TryFind(string name, out SafetensorsEntry entry) => _byName.TryGetValue(name, out entry!);

    public SafetensorsEntry Find(string name) =>
        _byName.GetValueOrDefault(name) ?? throw new InvalidDataException($"{File}: there is no tensor {FaultList.Quote(name)}.");

    /// <summary>The numbers of a floating-point tensor as 32-bit floats (F64 is rounded).</summary>
    public float[] ReadSingles(string name)
    {
        SafetensorsEntry entry = Find(name);
        var values = new float[entry.ElementCount];
        ReadSingles(entry, values);
        return values;
    }

    /// <summary>
    /// Reads a tensor of F32, BF16 or F16, or of F64 with rounding, as 32-bit floats into <paramref name="destination"/>, which must have
    /// the length of the tensor.
    /// </summary>
    public void ReadSingles(SafetensorsEntry entry, Span<float> destination)
    {
        RequireFloatingPoint(entry, destination.Length);
        ReadSingles(entry, 0, destination);
    }

    /// <summary>The same of the tensor's numbers from <paramref name="start"/> on, as many as the destination has room for.</summary>
    public void ReadSingles(SafetensorsEntry entry, long start, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + destination.Length, entry.ElementCount);
        RequireFloatingPoint(entry);
        int size = SafetensorsEntry.SizeOf(entry.Type);
        Seek(entry, start * size);
        byte[]? buffer = entry.Type == SafetensorsType.F32 && BitConverter.IsLittleEndian ? null : ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (!destination.IsEmpty)
            {
                Span<float> part = destination[..Math.Min(destination.Length, BufferBytes / size)];
                Span<byte> bytes = buffer is null ? MemoryMarshal.AsBytes(part) : buffer.AsSpan(0, part.Length * size);
                Fill(entry, bytes);
                if (buffer is not null)
                    Widen(entry.Type, bytes, part);
                destination = destination[part.Length..];
            }
        }
        finally
        {
            if (buffer is not null)
                ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Reads a tensor of BF16 as it is, or one of F32, F16 or F64 with rounding to bfloat16, to nearest and ties to even, into
    /// <paramref name="destination"/>, which must have the length of the tensor.
    /// </summary>
    public unsafe void ReadBFloat16(SafetensorsEntry entry, Span<ushort> destination)
    {
        RequireFloatingPoint(entry, destination.Length);
        Seek(entry);
        int size = SafetensorsEntry.SizeOf(entry.Type), most = BufferBytes / size;
        bool asItIs = entry.Type == SafetensorsType.BF16 && BitConverter.IsLittleEndian;
        byte[] buffer = asItIs ? [] : ArrayPool<byte>.Shared.Rent(BufferBytes);
        float[] singles = asItIs ? [] : ArrayPool<float>.Shared.Rent(most);
        try
        {
            while (!destination.IsEmpty)
            {
                Span<ushort> part = destination[..Math.Min(destination.Length, most)];
                Span<byte> bytes = asItIs ? MemoryMarshal.AsBytes(part) : buffer.AsSpan(0, part.Length * size);
                Fill(entry, bytes);
                if (!asItIs)
                {
                    Widen(entry.Type, bytes, singles.AsSpan(0, part.Length));
                    fixed (float* from = singles)
                    fixed (ushort* to = part)
                        BFloat16Kernels.NarrowAlone(from, to, part.Length);
                }
                destination = destination[part.Length..];
            }
        }
        finally
        {
            if (!asItIs)
            {
                ArrayPool<byte>.Shared.Return(buffer);
                ArrayPool<float>.Shared.Return(singles);
            }
        }
    }

    /// <summary>The raw bytes of a tensor.</summary>
    public void ReadBytes(SafetensorsEntry entry, Span<byte> destination)
    {
        if (destination.Length != entry.ByteCount)
        {
            throw new ArgumentException(
                $"The destination has room for {destination.Length} bytes, but the tensor has {entry.ByteCount}.", nameof(destination));
        }
        Seek(entry);
        Fill(entry, destination);
    }

    public void Dispose() => _stream.Dispose();

    private void RequireFloatingPoint(SafetensorsEntry entry, int room)
    {
        if (room != entry.ElementCount)
        {
            throw new ArgumentException(
                $"The destination has room for {room} numbers, but the tensor has {entry.ElementCount}.", "destination");
        }
        RequireFloatingPoint(entry);
    }

    private void RequireFloatingPoint(SafetensorsEntry entry)
    {
        if (entry.Type is not (SafetensorsType.F32 or SafetensorsType.BF16 or SafetensorsType.F16 or SafetensorsType.F64))
            throw WrongType(entry, "floating-point numbers");
    }

    private static void Widen(SafetensorsType type, ReadOnlySpan<byte> bytes, Span<float> destination)
    {
        switch (type)
        {
            case SafetensorsType.BF16:
                for (int i = 0; i < destination.Length; i++)
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) << 16);
                break;
            case SafetensorsType.F16 when BitConverter.IsLittleEndian:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), destination);
                break;
            case SafetensorsType.F16:
                for (int i = 0; i < destination.Length; i++)
                    destination[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]);
                break;
            case SafetensorsType.F64:
                for (int i = 0; i < destination.Length; i++)
                    destination[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]);
                break;
            default:
                for (int i = 0; i < destination.Length; i++)
                    destination[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]);
                break;
        }
    }

    private void Seek(SafetensorsEntry entry, long bytes = 0)
    {
        long target = _header.DataOffset + entry.Begin + bytes;
        if (target == _position)
            return;
        if (!_stream.CanSeek)
        {
            throw new InvalidOperationException(
                $"{File}: tensor \"{entry.Name}\" was asked for out of order, but the file is read as a stream and cannot go back.");
        }
        _stream.Seek(target, SeekOrigin.Begin);
        _position = target;
    }

    private void Fill(SafetensorsEntry entry, Span<byte> destination)
    {
        SafetensorsHeader.ReadFully(_stream, destination, $"{File}, tensor {FaultList.Quote(entry.Name)}");
        _position += destination.Length;
    }

    private InvalidDataException WrongType(SafetensorsEntry entry, string expected) =>
        new($"{File}: tensor {FaultList.Quote(entry.Name)} is of type {entry.Type}, but {expected} are expected.");
}
