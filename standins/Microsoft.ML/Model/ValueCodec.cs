using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.Data;

/// <summary>Binary form of the values columns hold: primitives, texts, vectors of them.</summary>
internal static class ValueCodec
{
    public static void Write<T>(BinaryWriter writer, T value)
    {
        if (value is ReadOnlyMemory<char> text) WriteText(writer, text.Span);
        else if (value is DateTimeOffset moment)
        {
            writer.Write(moment.Ticks);
            writer.Write(moment.Offset.Ticks);
        }
        else if (RuntimeHelpers.IsReferenceOrContainsReferences<T>()) throw new InvalidOperationException($"Values of type {typeof(T)} cannot be saved.");
        else writer.Write(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<T, byte>(ref value), Unsafe.SizeOf<T>()));
    }

    public static T Read<T>(BinaryReader reader)
    {
        if (typeof(T) == typeof(ReadOnlyMemory<char>)) return (T)(object)ReadText(reader).AsMemory();
        if (typeof(T) == typeof(bool)) return (T)(object)(reader.ReadByte() != 0);
        if (typeof(T) == typeof(DateTimeOffset)) return (T)(object)ReadMoment(reader);
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>()) throw new InvalidDataException($"Values of type {typeof(T)} cannot be loaded.");
        T value = default;
        reader.BaseStream.ReadExactly(MemoryMarshal.CreateSpan(ref Unsafe.As<T, byte>(ref value), Unsafe.SizeOf<T>()));
        return value;
    }

    public static void WriteVector<T>(BinaryWriter writer, VBuffer<T> vector)
    {
        var values = vector.GetValues();
        writer.Write(vector.Length);
        writer.Write(values.Length);
        if (!vector.IsDense) foreach (int index in vector.GetIndices()) writer.Write(index);
        foreach (var value in values) Write(writer, value);
    }

    public static VBuffer<T> ReadVector<T>(BinaryReader reader)
    {
        int length = reader.ReadInt32(), count = reader.ReadInt32();
        // Every value takes at least a byte: a count beyond what is left is false, and must not be allocated for.
        if (length < 0 || count < 0 || count > length || count > reader.BaseStream.Length - reader.BaseStream.Position)
            throw new InvalidDataException($"A vector of {count} stored values in {length} slots cannot be.");
        int[] indices = null;
        if (count < length)
        {
            indices = new int[count];
            for (int i = 0; i < count; i++)
            {
                indices[i] = reader.ReadInt32();
                if (indices[i] < 0 || indices[i] >= length || (i > 0 && indices[i] <= indices[i - 1]))
                    throw new InvalidDataException("The slots of a sparse vector must ascend and lie inside it.");
            }
        }
        var values = new T[count];
        for (int i = 0; i < count; i++) values[i] = Read<T>(reader);
        return new VBuffer<T>(length, count, values, indices);
    }

    // ASCII (base64 chunks of a model among it) takes a byte a character; anything else is kept as UTF-16, unpaired surrogates included.
    private static void WriteText(BinaryWriter writer, ReadOnlySpan<char> text)
    {
        bool ascii = Ascii.IsValid(text);
        writer.Write(ascii);
        writer.Write(text.Length);
        if (!ascii)
        {
            writer.Write(MemoryMarshal.AsBytes(text));
            return;
        }
        var buffer = ArrayPool<byte>.Shared.Rent(text.Length);
        Ascii.FromUtf16(text, buffer, out int written);
        writer.Write(buffer, 0, written);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static string ReadText(BinaryReader reader)
    {
        bool ascii = reader.ReadBoolean();
        int length = reader.ReadInt32();
        long left = reader.BaseStream.Length - reader.BaseStream.Position;
        if (length < 0 || (ascii ? length : 2L * length) > left) throw new InvalidDataException($"A text of {length} characters does not fit what is left.");
        return string.Create(length, (reader, ascii), static (target, state) =>
        {
            if (!state.ascii)
            {
                state.reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(target));
                return;
            }
            var buffer = ArrayPool<byte>.Shared.Rent(target.Length);
            state.reader.BaseStream.ReadExactly(buffer.AsSpan(0, target.Length));
            Ascii.ToUtf16(buffer.AsSpan(0, target.Length), target, out _);
            ArrayPool<byte>.Shared.Return(buffer);
        });
    }

    private static DateTimeOffset ReadMoment(BinaryReader reader)
    {
        try
        {
            return new DateTimeOffset(reader.ReadInt64(), new TimeSpan(reader.ReadInt64()));
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException("A stored time is out of range.", e);
        }
    }
}
