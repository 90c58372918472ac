using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>Writes the lengths and SHA-256 that files have into the manifest.json beside them.</summary>
internal static class ManifestSeal
{
    private const string Name = "manifest.json";

    /// <param name="files">The files.</param>
    /// <param name="folder">The manifest's folder, empty or with '/' at its end.</param>
    public static void Seal(FileSet files, string folder = "")
    {
        if (!files.TryGetValue(folder + Name, out byte[]? manifest))
            return;
        try
        {
            if (JsonNode.Parse(manifest) is not JsonObject root || root["files"] is not JsonObject listed)
                return;
            foreach ((string name, JsonNode? entry) in listed.ToList())
            {
                if (entry is not JsonObject facts || !files.TryGetValue(folder + name, out byte[]? content))
                    continue;
                facts["bytes"] = content.Length;
                facts["sha256"] = Convert.ToHexStringLower(SHA256.HashData(content));
            }
            files[folder + Name] = JsonSerializer.SerializeToUtf8Bytes(root);
        }
        catch (Exception error) when (error is JsonException or ArgumentException or InvalidOperationException)
        {
            // The manifest itself was altered, and stays so.
        }
    }
}
