namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>Collects everything that is wrong with a file, so that one error tells all of it.</summary>
/// <param name="file">The file's name in the error.</param>
internal sealed class FaultList(string file)
{
    private const int Shown = 20;
    private readonly List<string> _faults = [];

    public void Add(string fault) => _faults.Add(fault);

    /// <exception cref="InvalidDataException">A fault was added; the message lists the first 20.</exception>
    public void ThrowIfAny()
    {
        if (_faults.Count == 0)
            return;
        string more = _faults.Count > Shown ? $"; and {_faults.Count - Shown} more faults" : "";
        throw new InvalidDataException($"{file}: {string.Join("; ", _faults.Take(Shown))}{more}.");
    }

    /// <summary>A text from a file in quotation marks, short enough and printable for a message.</summary>
    public static string Quote(string text)
    {
        string printable = new([.. text.Take(80).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);
        return text.Length > 80 ? $"\"{printable}...\"" : $"\"{printable}\"";
    }
}
