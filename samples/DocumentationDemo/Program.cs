using DocumentationDemo.Corpus;
var (rows, members) = DocumentationReader.Read(DocumentationReader.FindPacks(), default);
Console.WriteLine($"{members} members, {rows.Count} rows, {rows.Sum(r => r.Text.Length)} chars, {rows.Select(r => r.Group).Distinct().Count()} groups");
foreach (var r in rows.Where((_, i) => i % 2500 == 7)) Console.WriteLine(r.Text);
return 0;
