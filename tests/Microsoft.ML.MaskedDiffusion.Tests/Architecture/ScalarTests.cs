using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Holds the compiled library to <see cref="Numerics.Memory.TensorArithmetic"/>: no other call of TorchSharp may make a scalar that a
/// garbage collection can free while libtorch reads it.
/// </summary>
[TestClass]
public sealed class ScalarTests
{
    // The last byte of a signature whose last parameter is a number (ECMA-335, II.23.1.16).
    private static readonly byte[] Numbers = [0x08, 0x0A, 0x0C, 0x0D];

    [TestMethod]
    public void NoScalarIsMadeImplicitly()
    {
        using var file = File.OpenRead(typeof(MaskedDiffusionModel).Assembly.Location);
        using var assembly = new PEReader(file);
        MetadataReader reader = assembly.GetMetadataReader();
        var wrong = new List<string>();
        int seen = 0;
        foreach (MemberReferenceHandle handle in reader.MemberReferences)
        {
            MemberReference member = reader.GetMemberReference(handle);
            if (member.Parent.Kind != HandleKind.TypeReference)
                continue;
            string type = reader.GetString(reader.GetTypeReference((TypeReferenceHandle)member.Parent).Name);
            string name = reader.GetString(member.Name);
            byte[] signature = reader.GetBlobBytes(member.Signature);
            bool isTensor = type == "Tensor", hasOneParameter = signature[1] == 1;
            seen += isTensor ? 1 : 0;
            bool makesScalar = (type == "Scalar" && name == "op_Implicit")
                || (isTensor && name == "op_Addition")
                || (isTensor && name is "op_Multiply" or "op_Division" or "op_Subtraction" && Numbers.Contains(signature[^1]))
                || (isTensor && name is "add" or "add_" && hasOneParameter);
            if (makesScalar)
                wrong.Add($"{type}.{name} ({Convert.ToHexString(signature)})");
        }
        Assert.IsGreaterThan(20, seen, "the reader must see what the library calls");
        Assert.IsEmpty(wrong, $"use TensorArithmetic instead of {string.Join(", ", wrong)}");
    }
}
