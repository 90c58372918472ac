using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class HashingStreamTests
{
    // FIPS 180-4, the example of one block.
    private const string HashOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    [TestMethod]
    public void WhatPassesIsCountedAndHashed()
    {
        using var inner = new MemoryStream();
        using (var written = new HashingStream(inner, leaveOpen: true))
        {
            written.Write("a"u8);
            written.Write("bc"u8.ToArray(), 0, 2);
            Assert.AreEqual((3L, HashOfAbc), (written.Count, written.Hash));
            Assert.AreEqual(HashOfAbc, written.Hash, "asking for the hash does not end it");
        }
        inner.Position = 0;
        using var read = new HashingStream(inner);
        read.CopyTo(Stream.Null);
        Assert.AreEqual((3L, HashOfAbc), (read.Count, read.Hash));
        Assert.AreEqual(HashOfAbc, HashingStream.HashOf("abc"u8));
        Assert.AreEqual(HashOfAbc, HashingStream.HashOf(new MemoryStream("abc"u8.ToArray())));
    }
}
