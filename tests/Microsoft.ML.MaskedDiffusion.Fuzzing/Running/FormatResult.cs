using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Running;

/// <summary>What became of the mutants of a format.</summary>
internal sealed class FormatResult(string format)
{
    private readonly SortedDictionary<string, int> _outcomes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _kinds = [];
    private double _slowest;
    private long _largest;
    private int _atHash;

    /// <summary>The mutants that did what they must not.</summary>
    public int Failures { get; private set; }

    public int Mutants => _outcomes.Values.Sum();

    /// <summary>Adds a verdict; true where it is the first failure of its kind.</summary>
    public bool Add(Verdict verdict)
    {
        _outcomes[verdict.Outcome] = _outcomes.GetValueOrDefault(verdict.Outcome) + 1;
        _slowest = Math.Max(_slowest, verdict.Seconds);
        _largest = Math.Max(_largest, verdict.Bytes);
        if (verdict.Message?.Contains("SHA-256", StringComparison.Ordinal) == true)
            _atHash++;
        if (verdict.Failure is null)
            return false;
        Failures++;
        return _kinds.Add(verdict.Failure);
    }

    public static string Header =>
        $"{"format",-12} {"mutants",8} {"loaded",7} {"at a hash",9} {"failures",8} {"slowest, s",11} {"most memory, MB",15}  errors";

    public override string ToString()
    {
        string errors = string.Join(", ", _outcomes.Where(item => item.Key != "loaded").Select(item => $"{item.Key} {item.Value}"));
        return string.Create(CultureInfo.InvariantCulture, $"{format,-12} {Mutants,8} {_outcomes.GetValueOrDefault("loaded"),7} "
            + $"{_atHash,9} {Failures,8} {_slowest,11:F2} {_largest >> 20,15}  {errors}");
    }
}
