using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Holds the compiled library and its tests to <see cref="Numerics.Memory.TensorArithmetic"/>: no other call of TorchSharp may make a
/// scalar that a garbage collection can free while libtorch reads it.
/// </summary>
[TestClass]
public sealed class ScalarTests
{
    // The last byte of a signature whose last parameter is a number (ECMA-335, II.23.1.16).
    private static readonly byte[] Numbers = [0x08, 0x0A, 0x0C, 0x0D];

    [TestMethod]
    [DataRow(typeof(MaskedDiffusionModel))]
    [DataRow(typeof(ScalarTests))]
    public void NoScalarIsMadeImplicitly(Type typeOfAssembly)
    {
        using var file = File.OpenRead(typeOfAssembly.Assembly.Location);
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
                || (isTensor && name == "square")
                || (isTensor && name is "add" or "add_" && hasOneParameter);
            if (makesScalar)
                wrong.Add($"{type}.{name} in {string.Join(", ", Callers(assembly, reader, handle))}");
        }
        Assert.IsGreaterThan(20, seen, "the reader must see what the assembly calls");
        Assert.IsEmpty(wrong, $"use TensorArithmetic instead of {string.Join("; ", wrong)}");
    }

    // The methods whose instructions hold the member's token; that another four bytes look like one costs a name in a message.
    private static IEnumerable<string> Callers(PEReader assembly, MetadataReader reader, EntityHandle member)
    {
        byte[] token = BitConverter.GetBytes(MetadataTokens.GetToken(member));
        return
            from handle in reader.MethodDefinitions
            let method = reader.GetMethodDefinition(handle)
            where method.RelativeVirtualAddress != 0
            where assembly.GetMethodBody(method.RelativeVirtualAddress).GetILBytes().AsSpan().IndexOf(token) >= 0
            select $"{reader.GetString(reader.GetTypeDefinition(method.GetDeclaringType()).Name)}.{reader.GetString(method.Name)}";
    }
}
