using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Documents;

/// <summary>
/// The documents of a file or of a folder's files, streamed in the order of the files' names (ordinal, folders with / between). Memory: the
/// names, and one document at a time. Safe for several readers at once.
/// </summary>
internal sealed class TextFiles
{
    private static readonly string[] DefaultPatterns = ["*.txt", "*.jsonl", "*.ndjson"];

    private readonly TextFilesOptions _options;
    private readonly string _root;
    private readonly string[] _names;

    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="FileNotFoundException">There is no such file or folder, or no such file in the folder.</exception>
    public TextFiles(TextFilesOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options.Clone();
        string path = Path.GetFullPath(_options.Path);
        bool isFile = File.Exists(path);
        _root = isFile ? Path.GetDirectoryName(path)! : path;
        _names = isFile ? [Path.GetFileName(path)] : Find();
    }

    /// <summary>The files' paths below the folder, in the order they are read.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>
    /// What tells this corpus from another one without reading it: the files' names and lengths, and how they are cut into documents.
    /// </summary>
    public string Describe()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long bytes = 0;
        foreach (string name in _names)
        {
            long length = new FileInfo(Path.Combine(_root, name)).Length;
            bytes += length;
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name}\n{length}\n")));
        }
        return string.Create(CultureInfo.InvariantCulture,
            $"{_names.Length} text files of {bytes} bytes, boundary {_options.Boundary}, field '{_options.JsonField}', SHA-256 of names and lengths {Convert.ToHexStringLower(hash.GetHashAndReset())}");
    }

    public IEnumerable<string> Read() => _names.SelectMany(
        name => DocumentFile.Read(Path.Combine(_root, name), Boundary(name), _options.JsonField, _options.MaxDocumentBytes));

    private string[] Find()
    {
        if (!Directory.Exists(_root))
            throw new FileNotFoundException($"There is no file or folder '{_root}'.", _root);
        var search = new EnumerationOptions { RecurseSubdirectories = _options.Recursive };
        string[] patterns = _options.Pattern is { } pattern ? [pattern] : DefaultPatterns;
        // One separator on every system, so that the order is the same everywhere.
        string[] names = [.. patterns.SelectMany(p => Directory.EnumerateFiles(_root, p, search))
            .Select(file => Path.GetRelativePath(_root, file).Replace(Path.DirectorySeparatorChar, '/')).Distinct()];
        if (names.Length == 0)
            throw new FileNotFoundException(
                $"The folder '{_root}' has no file {string.Join(", ", patterns)}{(_options.Recursive ? ", nor have the folders in it" : "; set Recursive to search the folders in it")}. Set Pattern to the names to take.", _root);
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    private DocumentBoundary Boundary(string name) => _options.Boundary != DocumentBoundary.Automatic ? _options.Boundary
        : Path.GetExtension(name).ToLowerInvariant() is ".jsonl" or ".ndjson" ? DocumentBoundary.JsonLine
        : DocumentBoundary.File;
}
