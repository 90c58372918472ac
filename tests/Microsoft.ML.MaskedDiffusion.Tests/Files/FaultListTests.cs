using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class FaultListTests
{
    [TestMethod]
    public void OneErrorTellsAllFaults()
    {
        var faults = new FaultList("a.bin");
        faults.ThrowIfAny();
        for (int i = 1; i <= 23; i++)
            faults.Add($"fault {i}");
        string message = Assert.ThrowsExactly<InvalidDataException>(faults.ThrowIfAny).Message;
        StringAssert.StartsWith(message, "a.bin: fault 1; fault 2; ");
        StringAssert.EndsWith(message, "fault 20; and 3 more faults.");
    }

    [TestMethod]
    public void TextsFromFilesArePrintable()
    {
        Assert.AreEqual("\"a?b?\"", FaultList.Quote("a\nb\ud800"));
        Assert.AreEqual($"\"{new string('x', 80)}...\"", FaultList.Quote(new string('x', 81)));
    }
}
