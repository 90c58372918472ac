using Mdm.Output;

namespace Mdm.Inspection;

/// <summary>Knows one kind of files or folders.</summary>
internal abstract class Inspector
{
    /// <summary>What it knows.</summary>
    public abstract string Kind { get; }

    /// <summary>Whether a path is of this kind, at first sight.</summary>
    public abstract bool Knows(string path);

    /// <summary>What is in it.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public abstract IEnumerable<Field> Read(string path, ToolContext context);

    /// <summary>The first bytes of a file; fewer where it is shorter, none where there is no file.</summary>
    protected static byte[] Head(string path, int count)
    {
        if (!File.Exists(path))
            return [];
        using FileStream file = File.OpenRead(path);
        byte[] head = new byte[count];
        return head[..file.ReadAtLeast(head, count, throwOnEndOfStream: false)];
    }
}
