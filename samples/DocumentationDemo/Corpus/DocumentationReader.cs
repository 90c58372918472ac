using System.Text;
using System.Xml;

namespace DocumentationDemo.Corpus;

/// <summary>Reads the reference documentation that the SDK's targeting packs carry: one row a documented member.</summary>
internal static class DocumentationReader
{
    // The summaries of hardware intrinsics are lists of processor instructions, not English.
    private const string Intrinsics = ":System.Runtime.Intrinsics.";

    /// <summary>The folder with the targeting packs beside the running `dotnet`.</summary>
    public static string FindPacks()
    {
        // <root>/shared/Microsoft.NETCore.App/<version>/ holds the running runtime.
        var runtime = new DirectoryInfo(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory());
        var packs = Path.Combine(runtime.Parent?.Parent?.Parent?.FullName ?? "", "packs");
        return Directory.Exists(packs)
            ? packs
            : throw new DirectoryNotFoundException(
                $"No targeting packs at '{packs}': run the demo with the .NET SDK's own dotnet, or give --text or --jsonl.");
    }

    /// <summary>All documented members of all packs, each distinct summary once, in a stable order.</summary>
    public static (List<CorpusRow> Rows, int Members) Read(string packs, CancellationToken cancellationToken)
    {
        var rows = new List<CorpusRow>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var members = 0;
        foreach (var file in DocumentationFiles(packs))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var (id, summary) in ReadFile(file))
            {
                members++;
                if (id.Contains(Intrinsics, StringComparison.Ordinal) || summary.Length < 20 || !MemberName.TryParse(id, out var name)
                    || !seen.Add(summary))
                    continue;
                rows.Add(CorpusRow.Create(name.DeclaringType, name.InWords + ":", summary));
            }
        }
        return (rows, members);
    }

    /// <summary>The documentation files; where several packs carry the same assembly, the one that sorts last.</summary>
    private static IEnumerable<string> DocumentationFiles(string packs) =>
        Directory.EnumerateFiles(packs, "*.xml", SearchOption.AllDirectories)
            .Where(file => file.Contains(".Ref" + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            .GroupBy(Path.GetFileName, StringComparer.Ordinal)
            .Select(group => group.Max(StringComparer.Ordinal)!)
            .Order(StringComparer.Ordinal);

    private static IEnumerable<(string Id, string Summary)> ReadFile(string file)
    {
        using var reader = XmlReader.Create(file, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, IgnoreComments = true });
        string? id = null;
        while (reader.Read())
        {
            if (reader.NodeType != XmlNodeType.Element)
                continue;
            if (reader.Name == "member")
            {
                id = reader.GetAttribute("name");
            }
            else if (reader.Name == "summary" && id != null)
            {
                using var summary = reader.ReadSubtree();
                yield return (id, Words(summary));
                id = null;
            }
        }
    }

    /// <summary>The text of a documentation element: references become the names they point to, white space single spaces.</summary>
    private static string Words(XmlReader element)
    {
        var text = new StringBuilder();
        while (element.Read())
        {
            switch (element.NodeType)
            {
                case XmlNodeType.Element when element.IsEmptyElement:
                    text.Append(ReferredName(element));
                    break;
                case XmlNodeType.Element when element.Name is "para" or "item" or "description":
                    text.Append(' ');
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace:
                    text.Append(element.Value);
                    break;
            }
        }
        return string.Join(' ', text.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static string ReferredName(XmlReader element)
    {
        if ((element.GetAttribute("name") ?? element.GetAttribute("langword")) is { } word)
            return word;
        if (element.GetAttribute("cref") is not { } reference)
            return " ";
        return MemberName.TryParse(reference, out var name) ? name.Short : reference;
    }
}
