using System.Collections.Concurrent;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A folder of one test's own, gone with it. Where tests are only listed, their data are made and no class is cleaned up: what is left at
/// the end of the process goes then.
/// </summary>
internal sealed class TemporaryFolder : IDisposable
{
    private static readonly ConcurrentDictionary<string, TemporaryFolder> Left = new();

    static TemporaryFolder() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (TemporaryFolder folder in Left.Values)
            folder.Dispose();
    };

    public TemporaryFolder()
    {
        Path = Directory.CreateTempSubdirectory("mdm-test-").FullName;
        Left[Path] = this;
    }

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        Left.TryRemove(Path, out _);
        Directory.Delete(Path, recursive: true);
    }
}
