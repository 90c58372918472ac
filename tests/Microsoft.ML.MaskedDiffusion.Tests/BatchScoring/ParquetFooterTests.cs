using System.Buffers.Binary;
using Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A footer that the Parquet library would take much memory for, or never stop to read, is refused before.</summary>
[TestClass]
public sealed class ParquetFooterTests
{
    // A field with a number, a text, a list of two numbers and an empty structure, and the end.
    private static readonly byte[] Whole = [0x15, 0x02, 0x18, 0x01, (byte)'a', 0x19, 0x25, 0x01, 0x80, 0x01, 0x1C, 0x00, 0x00];

    [TestMethod]
    public void AWholeOneIsPassedAndTheFileStandsAtItsStart()
    {
        using MemoryStream file = FileOf(Whole);
        ParquetFooter.Check(file);
        Assert.AreEqual(0, file.Position);
    }

    [TestMethod]
    public void OneThatIsCutOffAnywhereIsRefused()
    {
        for (int length = 0; length < Whole.Length; length++)
            Refused(Whole[..length]);
    }

    [TestMethod]
    [DataRow(new byte[] { 0x18, 0xFF, 0xFF, 0xFF, 0x7F, 0x00 }, DisplayName = "a text of 256 MB")]
    [DataRow(new byte[] { 0x19, 0xF5, 0xFF, 0xFF, 0xFF, 0x7F, 0x00 }, DisplayName = "a list of 268 million numbers")]
    [DataRow(new byte[] { 0x15, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00 }, DisplayName = "an endless number")]
    [DataRow(new byte[] { 0x1B, 0x00, 0x00 }, DisplayName = "a map")]
    [DataRow(new byte[] { 0x1F, 0x00 }, DisplayName = "no type")]
    public void LengthsAreComparedWithWhatIsThere(byte[] footer) => Refused(footer);

    [TestMethod]
    public void NestingHasAnEnd() => Refused([.. Enumerable.Repeat((byte)0x1C, 100_000), .. new byte[100_001]]);

    [TestMethod]
    public void ALengthThatIsNotTheFootersIsRefused()
    {
        foreach (int length in new[] { -1, int.MaxValue, Whole.Length + 5 })
        {
            byte[] bytes = FileOf(Whole).ToArray();
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(bytes.Length - 8), length);
            using var file = new MemoryStream(bytes);
            Assert.ThrowsExactly<InvalidDataException>(() => ParquetFooter.Check(file));
        }
    }

    private static void Refused(byte[] footer)
    {
        using MemoryStream file = FileOf(footer);
        Assert.ThrowsExactly<InvalidDataException>(() => ParquetFooter.Check(file));
    }

    private static MemoryStream FileOf(byte[] footer)
    {
        byte[] trailer = [0, 0, 0, 0, .. "PAR1"u8];
        BinaryPrimitives.WriteInt32LittleEndian(trailer, footer.Length);
        return new MemoryStream([.. "PAR1"u8, .. footer, .. trailer]);
    }
}
