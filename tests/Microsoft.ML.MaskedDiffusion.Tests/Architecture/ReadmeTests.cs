using System.Runtime.CompilerServices;

namespace Microsoft.ML.MaskedDiffusion.Tests.Architecture;

[TestClass]
public sealed class ReadmeTests
{
    [TestMethod]
    public void TheCodeInTheReadmeIsTheQuickstartThatCompiles()
    {
        string root = Root();
        string program = File.ReadAllText(Path.Combine(root, "samples", "Quickstart", "Program.cs")).Trim();
        StringAssert.Contains(File.ReadAllText(Path.Combine(root, "README.md")), $"```csharp\n{program}\n```");
    }

    // The sources lie where this file was compiled.
    private static string Root([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));
}
