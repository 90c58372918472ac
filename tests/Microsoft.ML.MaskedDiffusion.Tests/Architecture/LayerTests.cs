using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Holds the compiled library against the rooms of docs/architecture.md: each type belongs to the source folder that declares it, and a
/// method body, field or signature may name only types of the folders that its own folder may use.
/// </summary>
[TestClass]
public sealed class LayerTests
{
    private const string Root = "Microsoft.ML.MaskedDiffusion";

    private static readonly string[] Ground = ["Files", "Options", "Progress", "ProcessGroups"];
    private static readonly string[] Numbers = ["Numerics", .. Ground];
    private static readonly string[] Models = ["Modeling", "Text", .. Numbers];
    private static readonly string[] Work = ["DataViews", "Corpora", "Training", "Diffusion", "Evaluation", .. Models];

    // What each folder may use besides itself; the root folder (the catalog) may use everything.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Files"] = [],
        ["Options"] = [],
        ["Progress"] = [],
        ["ProcessGroups"] = ["Files"],
        ["Numerics"] = Ground,
        ["Text"] = Numbers,
        ["Modeling"] = ["Text", .. Numbers],
        ["Corpora"] = ["Text", .. Numbers],
        ["DataViews"] = ["Corpora", "Text", .. Numbers],
        ["Diffusion"] = Models,
        ["Training"] = ["Corpora", "Diffusion", .. Models],
        ["Evaluation"] = ["Corpora", "Diffusion", .. Models],
        ["Saving"] = ["Transforms", .. Work],
        ["Transforms"] = ["Saving", .. Work],
        ["Trainers"] = ["Transforms", "Saving", .. Work],
        ["Search"] = ["Trainers", "Transforms", "Saving", .. Work],
        ["BatchScoring"] = Work,
    };

    private static readonly string[] MayUseMLNet = ["", "Trainers", "Search", "BatchScoring", "Transforms", "Saving", "DataViews"];
    private static readonly string[] MayUseTorch = ["Training", "Diffusion", "Modeling", "Numerics"];

    [TestMethod]
    public void DependenciesPointOneWay()
    {
        var wrong = new SortedSet<string>(StringComparer.Ordinal);
        Assert.IsTrue(References().Contains((Root + ".ZeroShotTask", Root + ".Evaluation.ZeroShot.Tasks.PiqaTask")),
            "the reader must see what a method body names");
        foreach (var (user, used) in References())
        {
            string folder = SourceFolders.Of(user).Split('/')[0];
            if (used.StartsWith("TorchSharp", StringComparison.Ordinal) && !MayUseTorch.Contains(folder))
                wrong.Add($"{user} uses {used}: TorchSharp belongs in {string.Join(", ", MayUseTorch)}");
            else if (IsMLNet(used) && !MayUseMLNet.Contains(folder))
                wrong.Add($"{user} uses {used}: ML.NET belongs in the catalog and in {string.Join(", ", MayUseMLNet.Skip(1))}");
            else if (IsOurs(used) && folder.Length > 0 && SourceFolders.Of(used).Split('/')[0] is { } other && other != folder
                && !Allowed[folder].Contains(other))
                wrong.Add($"{user} uses {used}: {folder} may use {string.Join(", ", Allowed[folder])}");
        }
        Assert.AreEqual(0, wrong.Count, string.Join('\n', wrong));
    }

    [TestMethod]
    public void EveryFolderIsKnownToTheseRules()
    {
        string[] unknown = [.. SourceFolders.All.Values.Select(folder => folder.Split('/')[0]).Distinct()
            .Where(folder => folder.Length > 0 && !Allowed.ContainsKey(folder))];
        CollectionAssert.AreEqual(Array.Empty<string>(), unknown);
    }

    [TestMethod]
    public void PublicTypesShareOneNamespaceAndInternalTypesHaveTheirFolders()
    {
        var wrong = new List<string>();
        foreach (Type type in typeof(MaskedDiffusionModel).Assembly.GetTypes().Where(type => !type.IsNested && IsOurs(type.FullName!)))
        {
            string folder = SourceFolders.Of(type.FullName!);
            string expected = type.IsPublic || folder.Length == 0 ? Root : $"{Root}.{folder.Replace('/', '.')}";
            if (type.Namespace != expected)
                wrong.Add($"{type.FullName} should be in {expected}");
        }
        Assert.AreEqual(0, wrong.Count, string.Join('\n', wrong));
    }

    /// <summary>
    /// Pairs of (our type, type it names) from the assembly's metadata: type references and definitions in signatures, bases and bodies.
    /// </summary>
    private static IEnumerable<(string User, string Used)> References()
    {
        using var file = File.OpenRead(typeof(MaskedDiffusionModel).Assembly.Location);
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
        type.StartsWith("Microsoft.ML.", StringComparison.Ordinal) && !IsOurs(type)
            && !type.StartsWith("Microsoft.ML.Tokenizers.", StringComparison.Ordinal);
}
