using System.Buffers;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>Writes rows in a format of lines.</summary>
internal interface IRowWriter
{
    /// <summary>Writes what stands before the first row.</summary>
    void WriteHeader(IBufferWriter<byte> to);

    /// <summary>Writes a row.</summary>
    /// <param name="to">Takes the bytes.</param>
    /// <param name="row">The input's row.</param>
    /// <param name="outputs">The values of the output columns.</param>
    /// <exception cref="InvalidDataException">The row has a field that the output has no place for.</exception>
    void Write(IBufferWriter<byte> to, SourceRow row, IReadOnlyList<FieldValue> outputs);
}
