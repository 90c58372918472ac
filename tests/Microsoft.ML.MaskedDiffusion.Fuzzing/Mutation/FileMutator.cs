using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

/// <summary>Alters a file by what its name says that it is, or as plain bytes.</summary>
internal static class FileMutator
{
    private static readonly string[] Cells =
        ["\"", "\"\"", "\r", "\r\n\r\n", "\t", ",", ",,,,", "\0", "\uFEFF", "NaN", "1e999", "-", " ", "||", "####", "#", "ü", "\u2028"];

    /// <summary>An altered copy.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="content">Its content.</param>
    /// <param name="other">Another file, best of the same kind, of which parts are taken.</param>
    /// <param name="random">Decides.</param>
    public static byte[] Mutate(string name, byte[] content, byte[] other, Random random)
    {
        bool asBytes = random.Next(3) == 0;
        return Path.GetExtension(name) switch
        {
            ".json" when !asBytes => JsonMutator.Mutate(content, other, random),
            ".jsonl" or ".partial" when !asBytes => OfLines(content, random, line => JsonMutator.Mutate(line, other, random)),
            ".txt" or ".csv" or ".tsv" or ".tiktoken" when !asBytes => OfLines(content, random, line => OfCells(line, random)),
            ".safetensors" when !asBytes => OfHeader(content, other, random),
            ".zip" or ".mdm" when !asBytes => OfEntry(content, other, random),
            _ => ByteMutator.Mutate(content, other, random),
        };
    }

    private static byte[] OfEntry(byte[] content, byte[] other, Random random)
    {
        if (ZipFiles.Read(content) is not { Count: > 0 } files)
            return ByteMutator.Mutate(content, other, random);
        string name = files.Keys.ElementAt(random.Next(files.Count));
        switch (random.Next(8))
        {
            case 0:
                files.Remove(name);
                break;
            case 1:
                files[random.Next(2) == 0 ? "../outside" : name + "x"] = files[name];
                break;
            default:
                files[name] = Mutate(name, files[name], files.Values.ElementAt(random.Next(files.Count)), random);
                break;
        }
        return ZipFiles.Write(files);
    }

    // The header's length in the first eight bytes is what the altered header has, and the data follow as they were.
    private static byte[] OfHeader(byte[] content, byte[] other, Random random)
    {
        ulong length = content.Length < 8 ? ulong.MaxValue : BinaryPrimitives.ReadUInt64LittleEndian(content);
        if (length > (ulong)(content.Length - 8))
            return ByteMutator.Mutate(content, other, random);
        int end = 8 + (int)length;
        byte[] header = JsonMutator.Mutate(content[8..end], other, random);
        byte[] prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, header.Length);
        return [.. prefix, .. header, .. content[end..]];
    }

    private static byte[] OfLines(byte[] content, Random random, Func<byte[], byte[]> change)
    {
        List<byte[]> lines = [];
        for (int start = 0; start < content.Length;)
        {
            int end = Array.IndexOf(content, (byte)'\n', start);
            end = end < 0 ? content.Length : end + 1;
            lines.Add(content[start..end]);
            start = end;
        }
        if (lines.Count == 0)
            return [.. Encoding.UTF8.GetBytes("\n")];
        int at = random.Next(lines.Count), second = random.Next(lines.Count);
        switch (random.Next(8))
        {
            case 0:
                lines.RemoveAt(at);
                break;
            case 1:
                lines.Insert(second, lines[at]);
                break;
            case 2:
                (lines[at], lines[second]) = (lines[second], lines[at]);
                break;
            default:
                bool hasEnd = lines[at].Length > 0 && lines[at][^1] == '\n';
                byte[] changed = change(hasEnd ? lines[at][..^1] : lines[at]);
                lines[at] = hasEnd ? [.. changed, (byte)'\n'] : changed;
                break;
        }
        return [.. lines.SelectMany(line => line)];
    }

    private static byte[] OfCells(byte[] line, Random random)
    {
        int at = random.Next(line.Length + 1);
        byte[] added = random.Next(8) == 0
            ? Encoding.UTF8.GetBytes(new string('y', 100_000)) : Encoding.UTF8.GetBytes(Cells[random.Next(Cells.Length)]);
        int skipped = Math.Min(random.Next(3), line.Length - at);
        return [.. line[..at], .. added, .. line[(at + skipped)..]];
    }
}
