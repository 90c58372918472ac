using Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class CompletionTextTests
{
    /// <summary>A literal prompt keeps its last space as a token, so that a space which follows was written.</summary>
    [TestMethod]
    [DataRow("a ", false, "b")]
    [DataRow("a ", true, " b")]
    [DataRow("a", false, " b")]
    [DataRow("a", true, " b")]
    public void NoSpaceOfALiteralPromptIsThatOfTheText(string prompt, bool isLiteral, string expected)
    {
        TextTokenizer bytes = TokenizerSource.Bytes().Resolve(() => [], null, CancellationToken.None);
        Assert.AreEqual(expected, new CompletionText(bytes, [], prompt, isLiteral).Of([' ', 'b']));
    }
}
