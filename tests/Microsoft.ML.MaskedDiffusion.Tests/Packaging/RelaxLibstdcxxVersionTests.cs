using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The build step that lets TorchSharp's native library load on systems with an older libstdc++.</summary>
[TestClass]
public sealed class RelaxLibstdcxxVersionTests
{
    private const string Marker = "_ZSt21ios_base_library_initv";
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void Clean() => _folder.Dispose();

    [TestMethod]
    public void OnlyTheFlagOfTheRequirementChangesAndOnlyInACopy()
    {
        (byte[] bytes, int flags) = new ElfLibrary().Add("malloc", versioned: false).Add(Marker, versioned: true).Build();
        ITaskItem library = Library(bytes);
        library.SetMetadata("DestinationSubPath", "libLibTorchSharp.so");

        ITaskItem result = Run(library, "true");

        Assert.AreNotEqual(library.ItemSpec, result.ItemSpec);
        Assert.AreEqual("libLibTorchSharp.so", result.GetMetadata("DestinationSubPath"), "what NuGet says of the file stays");
        CollectionAssert.AreEqual(bytes, File.ReadAllBytes(library.ItemSpec), "the package's own file is never written to");
        byte[] changed = File.ReadAllBytes(result.ItemSpec);
        int[] differences = [.. Enumerable.Range(0, bytes.Length).Where(i => bytes[i] != changed[i])];
        CollectionAssert.AreEqual(new[] { flags }, differences);
        Assert.AreEqual(2, changed[flags], "VER_FLG_WEAK");
    }

    [TestMethod]
    public void ALibraryThatReallyUsesTheVersionIsLeftAsItIs()
    {
        Unchanged(new ElfLibrary().Add(Marker, versioned: true).Add("_ZNSt6thread4joinEv", versioned: true));
        Unchanged(new ElfLibrary().Add(Marker, versioned: true, relocated: true));
    }

    [TestMethod]
    public void ALibraryWithoutTheRequirementIsLeftAsItIs()
    {
        Unchanged(new ElfLibrary { Version = "GLIBCXX_3.4.30" }.Add(Marker, versioned: true));
        Unchanged(new ElfLibrary { Flags = 2 }.Add(Marker, versioned: true));
        ITaskItem text = Library("This is no library."u8.ToArray());
        Assert.AreSame(text, Run(text, "true"));
    }

    [TestMethod]
    public void AutoLooksAtTheSystemsLibrary()
    {
        ITaskItem library = Library(new ElfLibrary().Add(Marker, versioned: true).Build().Bytes);
        string older = _folder.File("older"), newer = _folder.File("newer");
        File.WriteAllBytes(older, "GLIBCXX_3.4.30\0GLIBCXX_3.4.3\0"u8.ToArray());
        File.WriteAllBytes(newer, "GLIBCXX_3.4.31\0GLIBCXX_3.4.32\0"u8.ToArray());

        Assert.AreSame(library, Run(library, "auto", newer));
        Assert.AreNotSame(library, Run(library, "auto", older));
        Assert.AreNotSame(library, Run(library, "true", newer));
    }

    [TestMethod]
    public void ASecondRunKeepsTheCopy()
    {
        ITaskItem library = Library(new ElfLibrary().Add(Marker, versioned: true).Build().Bytes);
        string copy = Run(library, "true").ItemSpec;
        var written = new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(copy, written);

        Assert.AreEqual(copy, Run(library, "true").ItemSpec);
        Assert.AreEqual(written, File.GetLastWriteTimeUtc(copy));
    }

    private void Unchanged(ElfLibrary built)
    {
        ITaskItem library = Library(built.Build().Bytes);
        Assert.AreSame(library, Run(library, "true"));
    }

    private TaskItem Library(byte[] bytes)
    {
        string path = _folder.File("libLibTorchSharp.so");
        File.WriteAllBytes(path, bytes);
        return new TaskItem(path);
    }

    private ITaskItem Run(ITaskItem library, string mode, string? system = null)
    {
        var task = new RelaxLibstdcxxVersion
        {
            Libraries = [library], Folder = _folder.File("obj"), Mode = mode,
            BuildEngine = new SilentBuild()
        };
        task.SystemLibrary = system ?? task.SystemLibrary;
        Assert.IsTrue(task.Execute());
        return task.Results.Single();
    }

    /// <summary>The part of MSBuild that a task logs to.</summary>
    private sealed class SilentBuild : IBuildEngine
    {
        public bool ContinueOnError => false;

        public int LineNumberOfTaskNode => 0;

        public int ColumnNumberOfTaskNode => 0;

        public string ProjectFileOfTaskNode => "";

        public bool BuildProjectFile(string file, string[] targets, System.Collections.IDictionary properties,
            System.Collections.IDictionary outputs) =>
            throw new NotSupportedException();

        public void LogCustomEvent(CustomBuildEventArgs e)
        {
        }

        public void LogErrorEvent(BuildErrorEventArgs e) => Assert.Fail(e.Message ?? "");

        public void LogMessageEvent(BuildMessageEventArgs e)
        {
        }

        public void LogWarningEvent(BuildWarningEventArgs e)
        {
        }
    }
}
