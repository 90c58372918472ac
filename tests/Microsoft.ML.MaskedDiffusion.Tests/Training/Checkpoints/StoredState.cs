using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Changes what a checkpoint says of its run.</summary>
internal static class StoredState
{
    /// <summary>Replaces a text in a checkpoint's state by one of the same length, and its hash in the manifest.</summary>
    /// <param name="checkpoint">The checkpoint's folder.</param>
    /// <param name="from">A text that is there.</param>
    /// <param name="to">Another of the same length, because the manifest holds the length too.</param>
    public static void Rewrite(string checkpoint, string from, string to)
    {
        string state = Path.Combine(checkpoint, CheckpointState.Name), manifest = Path.Combine(checkpoint, "manifest.json");
        string text = File.ReadAllText(state);
        StringAssert.Contains(text, from);
        Assert.AreEqual(from.Length, to.Length);
        byte[] bytes = Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal));
        string was = Hash(File.ReadAllBytes(state));
        File.WriteAllBytes(state, bytes);
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace(was, Hash(bytes), StringComparison.Ordinal));
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
