namespace Mdm.Data;

/// <summary>How large files are.</summary>
internal static class FileSize
{
    /// <summary>
    /// The bytes of a file; of a link those of the file that it leads to, where <see cref="FileInfo"/> counts the link's own. A link that
    /// leads nowhere has its own.
    /// </summary>
    public static long Of(string path)
    {
        var file = new FileInfo(path);
        return file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } target ? target.Length : file.Length;
    }
}
