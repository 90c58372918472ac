using System.Buffers.Binary;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Integers in safetensors files, which models do not have and recorded runs do.</summary>
internal static class IntegerTensors
{
    /// <summary>The numbers of an integer or boolean tensor.</summary>
    public static long[] ReadIntegers(this SafetensorsReader reader, string name)
    {
        SafetensorsEntry entry = reader.Find(name);
        var bytes = new byte[entry.ByteCount];
        var values = new long[entry.ElementCount];
        reader.ReadBytes(entry, bytes);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = entry.Type switch
            {
                SafetensorsType.BOOL or SafetensorsType.U8 => bytes[i],
                SafetensorsType.I8 => (sbyte)bytes[i],
                SafetensorsType.I16 => BinaryPrimitives.ReadInt16LittleEndian(bytes.AsSpan(i * 2)),
                SafetensorsType.I32 => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(i * 4)),
                SafetensorsType.I64 => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(i * 8)),
                _ => throw new InvalidDataException($"{reader.File}: {name} is of type {entry.Type}."),
            };
        }
        return values;
    }
}
