using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>UTF-8 that fails on other bytes, where .NET's own would put U+FFFD in their place.</summary>
internal static class StrictUtf8
{
    public static UTF8Encoding Encoding { get; } = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
