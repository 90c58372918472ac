namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Every file of the folder v1 is still read, and holds what it held when it was written.</summary>
/// <remarks>
/// One thing was recorded anew: standard errors became those whose 1.96-fold covers 95 %. The transformers' errors in expected.json are the
/// new ones, and with them what the transformer "choices" finds for one option, on which an adaptive budget that stops on the error now
/// spends a second round. All other figures are as they were first written. The transformer "generation" and the 8-bit model came to the
/// folder later than the others, as soon as they were saved at all.
/// </remarks>
[TestClass]
public sealed class FixtureTests
{
    private const string Expected = "expected.json";

    private static readonly string Stored = Path.Combine(AppContext.BaseDirectory, "Fixtures", "v1");

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow("checkpoint")]
    [DataRow("logs")]
    [DataRow("models")]
    [DataRow("packed")]
    [DataRow("transformers")]
    public void WhatWasWrittenIsReadAsItWas(string group)
    {
        Copy();
        FixtureReader.Groups[group](_folder.Path).AssertEqual(FixtureFacts.Read(Path.Combine(Stored, Expected))[group]);
    }

    /// <summary>
    /// Writes fixtures into the folder that the environment variable MDM_WRITE_FIXTURES names, or, without it, to see that they can be
    /// written and read.
    /// </summary>
    [TestMethod]
    public void FixturesCanBeWritten()
    {
        string? target = Environment.GetEnvironmentVariable("MDM_WRITE_FIXTURES");
        using var written = new TemporaryFolder();
        string source = target ?? written.File("new");
        FixtureWriter.Write(source);
        Copy(source);
        SortedDictionary<string, FixtureFacts> facts =
            new(FixtureReader.Groups.ToDictionary(group => group.Key, group => group.Value(_folder.Path)), StringComparer.Ordinal);
        FixtureFacts.Write(Path.Combine(source, Expected), facts);
        if (target is null)
            CollectionAssert.AreEqual(Names(Stored), Names(source).Where(name => !name.EndsWith(".tokens.json", StringComparison.Ordinal))
                .ToArray(), "the first builds did not write down how many ids are text");
    }

    private static string[] Names(string folder) =>
        [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/')).Select(WithoutHash).Order(StringComparer.Ordinal)];

    // The name of weights beside a zip holds their hash, and trained weights depend on the machine.
    private static string WithoutHash(string name) => name.StartsWith("beside-", StringComparison.Ordinal) ? "beside-.mdm" : name;

    // A copy of its own for each test: reading goes on with runs and logs, and so writes.
    private void Copy(string? from = null)
    {
        string source = from ?? Stored;
        foreach (string path in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(_folder.Path, Path.GetRelativePath(source, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
    }
}
