using System.Text.RegularExpressions;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The source folder of each of the library's types, read from the sources themselves: compiled types do not say where they were written.
/// </summary>
internal static partial class SourceFolders
{
    /// <summary>Folders below the library's own, "" for the library's own, by the types' full names.</summary>
    public static IReadOnlyDictionary<string, string> All { get; } = Read();

    /// <summary>The folder of a type, or of the type that it is nested in.</summary>
    public static string Of(string fullName)
    {
        string outer = fullName.Split('+')[0];
        return All.TryGetValue(outer, out string? folder)
            ? folder : throw new KeyNotFoundException($"No source file of the library declares {outer}.");
    }

    private static Dictionary<string, string> Read()
    {
        string library = Path.Combine(Repository.Root, "src", "Microsoft.ML.MaskedDiffusion");
        var folders = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(library, "*.cs", SearchOption.AllDirectories))
        {
            string folder = Path.GetRelativePath(library, Path.GetDirectoryName(file)!).Replace(Path.DirectorySeparatorChar, '/');
            if (folder.Split('/')[0] is "bin" or "obj" or "buildTransitive")
                continue;
            string text = File.ReadAllText(file);
            string space = NamespaceLine().Match(text).Groups[1].Value;
            foreach (Match type in TypeLine().Matches(text).Concat(DelegateLine().Matches(text)))
                folders[$"{space}.{type.Groups["name"].Value}{Arity(type.Groups["parameters"].Value)}"] = folder == "." ? "" : folder;
        }
        return folders;
    }

    private static string Arity(string parameters) => parameters.Length == 0 ? "" : $"`{parameters.Count(c => c == ',') + 1}";

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^(public|internal) ([a-z]+ )*(class|struct|interface|enum|record) (struct )?(?<name>\w+)(<(?<parameters>[^>]*)>)?",
        RegexOptions.Multiline)]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"^(public|internal) ([a-z]+ )*delegate [^(\n]*?(?<name>\w+)(<(?<parameters>[^>]*)>)?\(", RegexOptions.Multiline)]
    private static partial Regex DelegateLine();
}
