namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What a process does that has not touched this library before.</summary>
[TestClass]
public sealed class FreshProcessTests
{
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    /// <summary>ML.NET's own Load, in a process that never names a type of this library, and Save again from there.</summary>
    [TestMethod]
    public void EveryTransformerLoadsAndSavesAgain()
    {
        string[] names = [.. Components.All.Select(row => (string)row[0]).Where(Components.MapsRows)];
        string expected = Stranger.Prepare(_folder.Path, names);
        Assert.AreEqual(expected, Stranger.Run(Stranger.Compile(_folder.Path), _folder.Path));
        foreach (string name in names)
        {
            ITransformer again = new MLContext(1).MaskedDiffusion().LoadModel(_folder.File($"{name}.zip.again"), out _);
            using var transformer = (ModelTransformer)again;
            Assert.HasCount(4, Components.Values(transformer.Transform(Components.View(4))));
        }
    }

    /// <summary>Torch's threads are the program's to choose, before it uses this library as well as after.</summary>
    [TestMethod]
    public void ThreadsThatTheProgramOrItsUserHasChosenStay()
    {
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Fixtures", "v1", "model.mdm"), _folder.File("model.mdm"));
        string hook = Stranger.CompileTorchUser(_folder.Path);
        Assert.AreEqual("3", Stranger.Run(hook, _folder.Path, (Stranger.Threads, "3")));
        Assert.AreEqual("1", Stranger.Run(hook, _folder.Path, ("OMP_NUM_THREADS", "1"), ("MKL_NUM_THREADS", "1")));
    }
}
