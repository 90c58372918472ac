using System.Diagnostics;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A disk of a few kilobytes in memory, which can be made read-only. Mounting needs Linux and its administrator; elsewhere the test is
/// counted as not run.
/// </summary>
internal sealed class TinyDisk : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private TinyDisk()
    {
    }

    public string Path => _folder.Path;

    public static TinyDisk Require(int kilobytes)
    {
        var disk = new TinyDisk();
        if (OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", $"size={kilobytes}k", "tmpfs", disk.Path))
            return disk;
        disk._folder.Dispose();
        Assert.Inconclusive("A disk that is full needs a mount, which takes Linux and its administrator.");
        return disk;
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Takes all that is left.</summary>
    public void Fill()
    {
        using var stream = new FileStream(File("ballast"), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] block = new byte[4096];
        try
        {
            while (true)
                stream.Write(block);
        }
        catch (IOException)
        {
            // That is the aim.
        }
    }

    public void MakeReadOnly() => Assert.IsTrue(Run("mount", "-o", "remount,ro", Path));

    public void Dispose()
    {
        Run("umount", Path);
        _folder.Dispose();
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments)
            { RedirectStandardError = true, RedirectStandardOutput = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
