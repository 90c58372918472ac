namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class ReadmeTests
{
    [TestMethod]
    public void TheCodeInTheReadmeIsTheQuickstartThatCompiles()
    {
        string root = Repository.Root;
        string program = File.ReadAllText(Path.Combine(root, "samples", "Quickstart", "Program.cs")).Trim();
        StringAssert.Contains(File.ReadAllText(Path.Combine(root, "README.md")), $"```csharp\n{program}\n```");
    }
}
