namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>Collects everything that is wrong with a file, so that one error tells all of it.</summary>
internal sealed class FaultList(string file)
{
    private const int Shown = 20;
    private readonly List<string> _faults = [];

    public void Add(string fault) => _faults.Add(fault);

    public void ThrowIfAny()
    {
        if (_faults.Count == 0)
            return;
        string more = _faults.Count > Shown ? $"; and {_faults.Count - Shown} more faults" : "";
        throw new InvalidDataException($"{file}: {string.Join("; ", _faults.Take(Shown))}{more}.");
    }

    /// <summary>A name from a file, short enough and printable for a message.</summary>
    public static string Quote(string name)
    {
        string text = new([.. name.Take(80).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);
        return name.Length > 80 ? $"\"{text}...\"" : $"\"{text}\"";
    }
}
