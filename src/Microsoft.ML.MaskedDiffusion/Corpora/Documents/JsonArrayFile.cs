using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Documents;

/// <summary>
/// Reads files that hold one JSON array of objects, one object at a time. Every error names the file and the number of the record, from 1.
/// </summary>
internal static class JsonArrayFile
{
    /// <summary>Converts every record, as it is asked for.</summary>
    /// <exception cref="InvalidDataException">The file is not such JSON, or the array is empty.</exception>
    public static IEnumerable<T> Read<T>(string path, Func<JsonElement, T> convert)
    {
        using FileStream stream = File.OpenRead(path);
        IAsyncEnumerator<JsonElement> elements = JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(stream).GetAsyncEnumerator();
        try
        {
            int record = 0;
            while (Next(elements, path, ++record))
                yield return Convert(path, record, elements.Current, convert);
            if (record == 1)
                throw new InvalidDataException($"{path}: the array holds no record.");
        }
        finally
        {
            elements.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    // A FileStream that was opened for synchronous use completes at once, so waiting for it holds up no other work.
    private static bool Next(IAsyncEnumerator<JsonElement> elements, string path, int record)
    {
        try
        {
            return elements.MoveNextAsync().AsTask().GetAwaiter().GetResult();
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}, record {record} or later (line {e.LineNumber + 1}): not JSON: {e.Message}", e);
        }
    }

    private static T Convert<T>(string path, int record, JsonElement element, Func<JsonElement, T> convert)
    {
        try
        {
            return JsonLines.Convert(element, convert);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}, record {record}: {e.Message}", e);
        }
    }
}
