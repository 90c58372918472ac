namespace Mdm.Data;

/// <summary>How large files are.</summary>
internal static class FileSize
{
    /// <summary>The bytes of a file; of a link those of what it leads to, where <see cref="FileInfo"/> counts the link's own.</summary>
    public static long Of(string path)
    {
        var file = new FileInfo(path);
        return file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target ? target.Length : file.Length;
    }
}
