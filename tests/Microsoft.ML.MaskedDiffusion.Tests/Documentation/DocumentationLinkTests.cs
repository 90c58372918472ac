using System.Text.RegularExpressions;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Every link of the documentation leads somewhere: to a file that is there, and to a heading that it has.</summary>
[TestClass]
public sealed partial class DocumentationLinkTests
{
    public static IEnumerable<object[]> Pages => Repository.Pages.Append("CHANGELOG.md").Select(page => new object[] { page });

    [TestMethod]
    [DynamicData(nameof(Pages))]
    public void EveryLinkLeadsSomewhere(string page)
    {
        string path = Path.Combine(Repository.Root, page);
        var faults = new List<string>();
        foreach (string link in Link().Matches(Prose(path)).Select(match => match.Groups["target"].Value))
        {
            if (link.Contains("://", StringComparison.Ordinal))
                continue;
            string[] parts = link.Split('#', 2);
            string target = parts[0].Length == 0 ? path : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, parts[0]));
            if (!File.Exists(target))
                faults.Add($"{link}: there is no such file");
            else if (parts.Length == 2 && !Anchors(target).Contains(parts[1]))
                faults.Add($"{link}: the page has no such heading");
        }
        Assert.IsEmpty(faults, string.Join('\n', faults));
    }

    [TestMethod]
    public void TheContentsNameEveryPageAndNoOther()
    {
        string contents = File.ReadAllText(Path.Combine(Repository.Root, "docs", "toc.yml")).ReplaceLineEndings("\n");
        string[] named = [.. Entry().Matches(contents).Select(match => match.Groups["page"].Value).Order(StringComparer.Ordinal)];
        string[] there =
        [
            .. Repository.Pages.Where(page => page.StartsWith("docs/", StringComparison.Ordinal)).Select(page => page["docs/".Length..])
                .Where(page => page != "index.md").Order(StringComparer.Ordinal),
        ];
        CollectionAssert.AreEqual(there, named);
    }

    // What is code is no link, in blocks and in lines.
    private static string Prose(string path) =>
        Code().Replace(Fence().Replace(File.ReadAllText(path).ReplaceLineEndings("\n"), ""), "code");

    // The names that GitHub, and docfx after it, give to headings.
    private static HashSet<string> Anchors(string path) =>
    [
        .. Heading().Matches(Fence().Replace(File.ReadAllText(path).ReplaceLineEndings("\n"), ""))
            .Select(match => Dropped().Replace(match.Groups["text"].Value.ToLowerInvariant(), "").Replace(' ', '-')),
    ];

    [GeneratedRegex(@"^```.*?^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\[[^\]]*\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture)]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (?<text>.*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N}\-_ ]")]
    private static partial Regex Dropped();

    [GeneratedRegex(@"href: (?<page>\S+\.md)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Entry();
}
