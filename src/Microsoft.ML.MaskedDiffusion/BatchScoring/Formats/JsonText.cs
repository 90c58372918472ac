using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>How JSON is written: texts as they are, without escapes for other scripts.</summary>
internal static class JsonText
{
    public static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true,
    };

    /// <summary>A value as JSON.</summary>
    public static string Of(FieldValue value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
            value.WriteJson(writer, withNaN: false);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>A property's name with its colon.</summary>
    public static byte[] Name(string name) => Encoding.UTF8.GetBytes(Of(FieldValue.OfText(name)) + ":");
}
