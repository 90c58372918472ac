using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Documents;

/// <summary>
/// The documents of one file or of the files of a folder, one at a time, in the ordinal order of the files' names below the folder. Memory:
/// the names and one document. Safe for several readers at once.
/// </summary>
internal sealed class TextFiles
{
    private static readonly string[] DefaultPatterns = ["*.txt", "*.jsonl", "*.ndjson"];

    private readonly TextFilesOptions _options;
    private readonly string _root;
    private readonly string[] _names;

    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="FileNotFoundException">There is no such file or folder, or no such file in the folder.</exception>
    /// <exception cref="IOException">The folder, or one in it, may not be read.</exception>
    public TextFiles(TextFilesOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Clone();
        _options.Check();
        string path = Path.GetFullPath(_options.Path);
        bool isFile = File.Exists(path);
        _root = isFile ? Path.GetDirectoryName(path)! : path;
        _names = isFile ? [Path.GetFileName(path)] : Find();
    }

    /// <summary>
    /// A text that tells this corpus from another one without reading it: the names and lengths of the files, and how they are cut into
    /// documents.
    /// </summary>
    public string Describe()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long bytes = 0;
        foreach (string name in _names)
        {
            long length = FileLength.Of(Path.Combine(_root, name));
            bytes += length;
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name}\n{length}\n")));
        }
        // Token folders and checkpoints hold this text, so its wording must not change.
        string files = string.Create(CultureInfo.InvariantCulture, $"{_names.Length} text files of {bytes} bytes");
        string digest = Convert.ToHexStringLower(hash.GetHashAndReset());
        string boundary = StoredEnum<DocumentBoundary>.NameOf(_options.Boundary);
        return $"{files}, boundary {boundary}, field '{_options.JsonField}', SHA-256 of names and lengths {digest}";
    }

    /// <summary>Reads the documents as they are asked for.</summary>
    /// <exception cref="InvalidDataException">
    /// A file is not UTF-8, a line is not JSON with the field, or a document is too long.
    /// </exception>
    public IEnumerable<string> Read() => _names.SelectMany(name =>
        DocumentFile.Read(Path.Combine(_root, name), BoundaryOf(name), _options.JsonField, _options.MaxDocumentBytes));

    private string[] Find()
    {
        if (!Directory.Exists(_root))
            throw new FileNotFoundException($"There is no file or folder '{_root}'.", _root);
        string[] patterns = _options.Pattern is { } pattern ? [pattern] : DefaultPatterns;
        string[] names = NamesOf(patterns);
        if (names.Length == 0)
        {
            string inside = _options.Recursive ? ", nor have the folders in it" : "; set Recursive to search the folders in it";
            throw new FileNotFoundException(
                $"The folder '{_root}' has no file {string.Join(", ", patterns)}{inside}. Set Pattern to the names of the files.", _root);
        }
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    private string[] NamesOf(string[] patterns)
    {
        // What is left out in silence would be missed by nobody.
        var search = new EnumerationOptions { RecurseSubdirectories = _options.Recursive, IgnoreInaccessible = false };
        try
        {
            // Every system has the same separator here, so that the order is the same everywhere.
            return
            [
                .. patterns.SelectMany(p => Directory.EnumerateFiles(_root, p, search))
                    .Select(file => Path.GetRelativePath(_root, file).Replace(Path.DirectorySeparatorChar, '/'))
                    .Distinct(),
            ];
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException($"The text files in '{_root}' cannot be listed: {error.Message} Grant the right to read that folder, "
                + "move it elsewhere, or set Recursive to false where the files are not in the folders inside.", error);
        }
    }

    private DocumentBoundary BoundaryOf(string name)
    {
        if (_options.Boundary != DocumentBoundary.Automatic)
            return _options.Boundary;
        bool isJson = Path.GetExtension(name).ToLowerInvariant() is ".jsonl" or ".ndjson";
        return isJson ? DocumentBoundary.JsonLine : DocumentBoundary.File;
    }
}
