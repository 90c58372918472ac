using System.Text;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A manifest, whose names are those of files that a model or a checkpoint then opens.</summary>
[TestClass]
public sealed class ModelManifestTests
{
    [TestMethod]
    [DataRow("../../outside")]
    [DataRow("/dev/zero")]
    [DataRow("")]
    [DataRow("a/./b")]
    [DataRow("a\\\\b")]
    [DataRow("\\u0000")]
    public void NoFileOutsideTheFolderIsNamed(string name)
    {
        string hash = new('0', 64), file = $$"""{"bytes":0,"sha256":"{{hash}}"}""";
        string manifest = $$"""{"format":"Microsoft.ML.MaskedDiffusion","version":1,"files":{"{{name}}":{{file}} } }""";
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(
            () => ModelManifest.Read(Encoding.UTF8.GetBytes(manifest), "here")).Message, "is no name of a file in the folder");
    }
}
