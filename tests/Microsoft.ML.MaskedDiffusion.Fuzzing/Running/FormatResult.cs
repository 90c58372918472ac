using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Running;

/// <summary>What became of the mutants of a format.</summary>
internal sealed class FormatResult(string format)
{
    private readonly SortedDictionary<string, int> _outcomes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _kinds = [];
    private Verdict? _slowest, _largest;
    private int _atHash;

    /// <summary>The mutants that did what they must not.</summary>
    public int Failures { get; private set; }

    public int Mutants => _outcomes.Values.Sum();

    /// <summary>Adds a verdict; true where it is the first failure of its kind.</summary>
    public bool Add(Verdict verdict)
    {
        _outcomes[verdict.Outcome] = _outcomes.GetValueOrDefault(verdict.Outcome) + 1;
        if (_slowest is null || verdict.Seconds > _slowest.Seconds)
            _slowest = verdict;
        if (_largest is null || verdict.Bytes > _largest.Bytes)
            _largest = verdict;
        if (verdict.Message?.Contains("SHA-256", StringComparison.Ordinal) == true)
            _atHash++;
        if (verdict.Failure is null)
            return false;
        Failures++;
        return _kinds.Add(verdict.Failure);
    }

    public static string Header =>
        $"{"format",-12} {"mutants",8} {"loaded",7} {"at a hash",9} {"failures",8} {"slowest, s (number)",20} {"most memory, MB (number)",25}  errors";

    public override string ToString()
    {
        string errors = string.Join(", ", _outcomes.Where(item => item.Key != "loaded").Select(item => $"{item.Key} {item.Value}"));
        return string.Create(CultureInfo.InvariantCulture, $"{format,-12} {Mutants,8} {_outcomes.GetValueOrDefault("loaded"),7} "
            + $"{_atHash,9} {Failures,8} {$"{_slowest?.Seconds:F2} ({_slowest?.Index})",20} {$"{_largest?.Bytes >> 20} ({_largest?.Index})",25}  {errors}");
    }
}
