using System.Buffers.Binary;
using System.Text.Json.Nodes;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What a safetensors file's header says, read without the library.</summary>
internal static class SafetensorsHeaderText
{
    /// <summary>A text of the file's metadata.</summary>
    public static string Metadata(byte[] file, string name)
    {
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        return JsonNode.Parse(file.AsSpan(8, length))!["__metadata__"]![name]!.GetValue<string>();
    }
}
