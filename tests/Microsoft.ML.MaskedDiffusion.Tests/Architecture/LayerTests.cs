using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Microsoft.ML.MaskedDiffusion.Tests.Architecture;

/// <summary>Holds the compiled library against the layers of docs/architecture.md, by the types each method body, field and signature names.</summary>
[TestClass]
public sealed class LayerTests
{
    private const string Root = "Microsoft.ML.MaskedDiffusion";

    // What each folder may use besides itself; the root folder (the catalog) may use everything.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Numerics"] = [],
        ["Text"] = ["Numerics"],
        ["Modeling"] = ["Text", "Numerics"],
        ["Diffusion"] = ["Modeling", "Text", "Numerics"],
        ["Evaluation"] = ["Diffusion", "Modeling", "Text", "Numerics"],
        ["Training"] = ["Diffusion", "Modeling", "Text", "Numerics"],
        ["DataViews"] = ["Modeling", "Text", "Numerics"],
        ["Transforms"] = ["DataViews", "Training", "Diffusion", "Evaluation", "Modeling", "Text", "Numerics"],
        ["Trainers"] = ["Transforms", "DataViews", "Training", "Diffusion", "Evaluation", "Modeling", "Text", "Numerics"],
    };

    private static readonly string[] MayUseMLNet = ["", "Trainers", "Transforms", "DataViews"];
    private static readonly string[] MayUseTorch = ["Training", "Diffusion", "Modeling", "Numerics"];

    [TestMethod]
    public void DependenciesPointOneWay()
    {
        var wrong = new SortedSet<string>(StringComparer.Ordinal);
        Assert.IsTrue(References().Contains((Root + ".Evaluation.ZeroShotTask", Root + ".Evaluation.Tasks.PiqaTask")), "the reader must see what a method body names");
        foreach (var (user, used) in References())
        {
            string folder = Folder(user);
            if (used.StartsWith("TorchSharp", StringComparison.Ordinal) && !MayUseTorch.Contains(folder))
                wrong.Add($"{user} uses {used}: TorchSharp belongs in {string.Join(", ", MayUseTorch)}");
            else if (IsMLNet(used) && !MayUseMLNet.Contains(folder))
                wrong.Add($"{user} uses {used}: ML.NET belongs in the catalog, Trainers, Transforms and DataViews");
            else if (IsOurs(used) && folder.Length > 0 && Folder(used) is { } other && other != folder && !Allowed[folder].Contains(other))
                wrong.Add($"{user} uses {used}: {folder} may use {string.Join(", ", Allowed[folder])}");
        }
        Assert.AreEqual(0, wrong.Count, string.Join('\n', wrong));
    }

    [TestMethod]
    public void EveryFolderIsKnownToTheseRules()
    {
        string[] unknown = [.. typeof(MaskedDiffusion.Numerics.CounterRandom).Assembly.GetTypes()
            .Where(t => t.Namespace is { } n && IsOurs(n) && Folder(n + ".X").Length > 0).Select(t => Folder(t.FullName!)).Distinct().Where(f => !Allowed.ContainsKey(f))];
        CollectionAssert.AreEqual(Array.Empty<string>(), unknown);
    }

    /// <summary>Pairs of (our type, type it names) from the assembly's metadata: type references and definitions in signatures, bases and bodies.</summary>
    private static IEnumerable<(string User, string Used)> References()
    {
        using var file = File.OpenRead(typeof(MaskedDiffusion.Numerics.CounterRandom).Assembly.Location);
        using var assembly = new PEReader(file);
        MetadataReader reader = assembly.GetMetadataReader();
        foreach (TypeDefinitionHandle handle in reader.TypeDefinitions)
        {
            TypeDefinition type = reader.GetTypeDefinition(handle);
            string user = TypeNames.Of(reader, handle);
            if (!IsOurs(user))
                continue;
            var names = new TypeNames(reader);
            if (!type.BaseType.IsNil)
                names.Add(type.BaseType);
            foreach (InterfaceImplementationHandle implemented in type.GetInterfaceImplementations())
                names.Add(reader.GetInterfaceImplementation(implemented).Interface);
            foreach (FieldDefinitionHandle field in type.GetFields())
                reader.GetFieldDefinition(field).DecodeSignature(names, null);
            foreach (MethodDefinitionHandle method in type.GetMethods())
            {
                MethodDefinition definition = reader.GetMethodDefinition(method);
                definition.DecodeSignature(names, null);
                if (definition.RelativeVirtualAddress != 0)
                    names.AddBody(assembly.GetMethodBody(definition.RelativeVirtualAddress));
            }
            foreach (string used in names.Found)
                yield return (user, used);
        }
    }

    private static bool IsOurs(string type) => type == Root || type.StartsWith(Root + ".", StringComparison.Ordinal);

    private static bool IsMLNet(string type) =>
        type.StartsWith("Microsoft.ML.", StringComparison.Ordinal) && !IsOurs(type) && !type.StartsWith("Microsoft.ML.Tokenizers.", StringComparison.Ordinal);

    private static string Folder(string type)
    {
        // "Root.Folder.Type" or "Root.Folder.Deeper.Type"; "Root.Type" is the root folder.
        string[] parts = type.Split('+')[0][Root.Length..].Split('.', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length > 1 ? parts[0] : "";
    }
}
