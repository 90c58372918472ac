using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class CarrierBlobTests
{
    private static readonly byte[] Body = MakeBody();

    private static byte[] MakeBody()
    {
        byte[] body = new byte[CarrierBlob.ChunkSize * 2 + 1000];
        new Random(1).NextBytes(body);
        return body;
    }

    private static CarrierHeader Header(byte[] body) => new()
    {
        Kind = "test",
        Settings = JsonSerializer.SerializeToElement(new { Name = "\u00e4\"<b>", Number = 1.5 }),
        Length = body.Length,
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(body)),
    };

    private static VBuffer<ReadOnlyMemory<char>> Blob(IReadOnlyList<string> chunks) =>
        new(chunks.Count, [.. chunks.Select(c => c.AsMemory())]);

    private static string Fault(Action<List<string>> change)
    {
        List<string> chunks = [.. CarrierBlob.Encode(Header(Body), Body)];
        change(chunks);
        return Assert.ThrowsExactly<InvalidDataException>(() => CarrierBlob.Decode(Blob(chunks), null)).Message;
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(CarrierBlob.ChunkSize)]
    [DataRow(CarrierBlob.ChunkSize + 1)]
    [DataRow(CarrierBlob.ChunkSize * 2 + 1000)]
    public void BodiesOfAnyLengthComeBack(int length)
    {
        byte[] body = Body[..length];
        using CarrierContents contents = CarrierBlob.Decode(Blob(CarrierBlob.Encode(Header(body), body)), null);
        using var copy = new MemoryStream();
        contents.Body.CopyTo(copy);
        CollectionAssert.AreEqual(body, copy.ToArray());
        Assert.AreEqual("\u00e4\"<b>", contents.Header.Settings.GetProperty("Name").GetString());
    }

    [TestMethod]
    public void EveryAlterationIsSeen()
    {
        StringAssert.Contains(Fault(c => c[2] = c[2].Replace(c[2][5], c[2][5] == 'A' ? 'B' : 'A')), "SHA-256");
        StringAssert.Contains(Fault(c => c[1] = c[1][..^4]), "bytes are there");
        StringAssert.Contains(Fault(c => c[1] = c[1][..^1]), "chunk 1 of 3 is not base64");
        StringAssert.Contains(Fault(c => c[1] = "?" + c[1][1..]), "chunk 1 of 3 is not base64");
        StringAssert.Contains(Fault(c => c.RemoveAt(3)), "2 chunks cannot hold");
        StringAssert.Contains(Fault(c => (c[1], c[2]) = (c[2], c[1])), "SHA-256");
        StringAssert.Contains(Fault(c => c.Add(c[1])), "too long");
        StringAssert.Contains(Fault(c => c.RemoveRange(1, 3)), "1 chunks");
        StringAssert.Contains(Fault(c => c.Clear()), "0 chunks");
        StringAssert.Contains(Fault(c => c[0] = c[0][..^5]), "header is damaged");
        StringAssert.Contains(Fault(c => c[0] = "null"), "header is damaged");
        StringAssert.Contains(Fault(c => c[0] = c[0].Replace("1.5", "2.5")), "header was altered");
        StringAssert.Contains(Fault(c => c[0] = c[0].Replace("\"Format\":1", "\"Format\":9")), "format 9");
    }
}
