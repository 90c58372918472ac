using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// The file beside packed files that says how many of their ids are text; the rest fills up the last one. Its name begins with a dot,
/// because the Python system takes every file whose name begins with the prefix. Files without it are read all the same, see
/// <see cref="PackedFiles.TextLength"/>.
/// </summary>
internal static class PackedLengths
{
    /// <summary>The name of the file for a prefix.</summary>
    public static string NameFor(string prefix) => $".{prefix}.tokens.json";

    /// <summary>Writes the file.</summary>
    public static void Write(string folder, string prefix, int fileCount, long tokenCount) =>
        DurableFiles.Create(Path.Combine(folder, NameFor(prefix)),
            stream => JsonSerializer.Serialize(stream, new Content(fileCount, tokenCount)));

    /// <summary>The number of ids of text in all files together, or null if nothing says so.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or was written beside other files.</exception>
    public static long? Find(PackedSource source, PackedFiles files)
    {
        string path = Path.Combine(Path.GetFullPath(source.Folder), NameFor(source.Prefix));
        if (!File.Exists(path))
            return null;
        Content? content;
        try
        {
            content = JsonSerializer.Deserialize<Content>(File.ReadAllBytes(path));
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}: the file is damaged: {error.Message} Remove it to let the end of the text be found in "
                + "the packed files.", error);
        }
        long room = files.Paths.Count * files.Header.ChunkSize;
        if (content is null || content.Files != files.Paths.Count || content.Tokens > room
            || content.Tokens <= room - files.Header.ChunkSize)
        {
            string remedy = content is null || content.Files == files.Paths.Count ? "Save the tokens anew."
                : content.Files > files.Paths.Count ? "Put the missing files back, or save the tokens anew."
                : "Move the files that were added later to another folder: they are of another corpus.";
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture,
                $"{path}: the file tells of {content?.Files} packed files with {content?.Tokens} ids of text, but there are "
                + $"{files.Paths.Count} with room for {room}. {remedy}"));
        }
        return content.Tokens;
    }

    private sealed record Content(
        [property: JsonPropertyName("files")] int Files, [property: JsonPropertyName("tokens")] long Tokens);
}
