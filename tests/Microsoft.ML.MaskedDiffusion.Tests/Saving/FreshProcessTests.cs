using System.Diagnostics;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>ML.NET's own Load in a process that has never touched a type of this library, and Save again from there.</summary>
[TestClass]
public sealed class FreshProcessTests
{
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    public void EveryTransformerLoadsAndSavesAgain()
    {
        string[] names = [.. Components.All.Select(row => (string)row[0]).Where(Components.MapsRows)];
        string expected = Stranger.Prepare(_folder.Path, names);
        string hook = Stranger.Compile(_folder.Path);
        // The tests' own files say which assemblies there are; the hook runs before the program and ends it.
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(FreshProcessTests).Assembly.Location]) { RedirectStandardError = true };
        start.Environment["DOTNET_STARTUP_HOOKS"] = hook;
        start.Environment[Stranger.Folder] = _folder.Path;
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, errors);
        Assert.AreEqual(expected, File.ReadAllText(_folder.File(Stranger.ScoresFile)));
        foreach (string name in names)
        {
            var ml = new MLContext(1);
            ITransformer again = ml.MaskedDiffusion().LoadModel(_folder.File($"{name}.zip.again"), out _);
            using var transformer = (ModelTransformer)again;
            Assert.HasCount(4, Components.Values(transformer.Transform(Components.View(4))));
        }
    }
}
