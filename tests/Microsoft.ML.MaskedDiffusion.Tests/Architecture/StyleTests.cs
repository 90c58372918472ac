namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Rules of style that the formatter does not check.</summary>
[TestClass]
public sealed class StyleTests
{
    private const int MaxColumns = 140;
    private static readonly string[] Extensions = [".cs", ".csproj", ".props", ".targets"];
    private static readonly string[] BuildFolders = ["bin", "obj", "artifacts", ".git"];

    [TestMethod]
    public void NoLineIsLongerThan140Columns()
    {
        (string Place, string Folder)[] tooLong = [.. Sources(Repository.Root).SelectMany(LongLines)];
        IEnumerable<string> folders = tooLong.GroupBy(line => line.Folder).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => $"{group.Key}: {group.Count()}, first {group.First().Place}");
        Assert.AreEqual(0, tooLong.Length, $"lines have more than {MaxColumns} columns:\n{string.Join('\n', folders)}");
    }

    [TestMethod]
    public void UpperLimitsAreThoseThatNaNIsNotWithin()
    {
        string own = Path.Combine(Repository.Root, "tests");
        string[] others = [.. Sources(own).Where(file => File.ReadAllText(file).Contains("Assert." + "IsLess", StringComparison.Ordinal))];
        Assert.AreEqual("", string.Join('\n', others), $"take {nameof(Limit)}.{nameof(Limit.Below)} or {nameof(Limit.AtMost)}");
    }

    // The file and line, and the folder that counts them together: up to four folders below the root.
    private static IEnumerable<(string Place, string Folder)> LongLines(string file)
    {
        string path = Path.GetRelativePath(Repository.Root, file);
        string folder = string.Join('/', path.Split(Path.DirectorySeparatorChar)[..^1].Take(4));
        return File.ReadLines(file).Select((text, index) => (text, index)).Where(line => line.text.Length > MaxColumns)
            .Select(line => ($"{path}:{line.index + 1}", folder));
    }

    private static IEnumerable<string> Sources(string folder)
    {
        IEnumerable<string> own = Directory.EnumerateFiles(folder).Where(file => Extensions.Contains(Path.GetExtension(file)));
        IEnumerable<string> folders = Directory.EnumerateDirectories(folder).Where(path => !BuildFolders.Contains(Path.GetFileName(path)));
        return own.Concat(folders.SelectMany(Sources)).Order(StringComparer.Ordinal);
    }
}
