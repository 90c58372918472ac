namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>The columns of the output: the kept ones of the input, in their order, then those of the transformer that are new.</summary>
internal sealed class RowLayout
{
    private readonly Dictionary<string, int> _outputs;

    /// <param name="fields">The input's fields.</param>
    /// <param name="keptColumns">Those that are written; null for all.</param>
    /// <param name="outputs">The transformer's columns that are written.</param>
    /// <exception cref="ArgumentException">A kept column is none of the input.</exception>
    public RowLayout(IReadOnlyList<string> fields, IReadOnlyList<string>? keptColumns, IReadOnlyList<string> outputs)
    {
        if (keptColumns?.FirstOrDefault(name => !fields.Contains(name)) is { } unknown)
        {
            throw new ArgumentException($"Option KeptColumns names '{unknown}'; it must be a column of the input. The columns are: "
                + $"{string.Join(", ", fields)}.", nameof(BatchScoringOptions.KeptColumns));
        }
        (Fields, Outputs, KeepsAll) = (fields, outputs, keptColumns is null);
        Kept = [.. Enumerable.Range(0, fields.Count).Where(i => keptColumns is null || keptColumns.Contains(fields[i]))];
        _outputs = outputs.Select((name, i) => (name, i)).ToDictionary(output => output.name, output => output.i, StringComparer.Ordinal);
        New = [.. Enumerable.Range(0, outputs.Count).Where(i => !Kept.Any(field => fields[field] == outputs[i]))];
    }

    /// <summary>The input's fields.</summary>
    public IReadOnlyList<string> Fields { get; }

    /// <summary>The transformer's columns that are written.</summary>
    public IReadOnlyList<string> Outputs { get; }

    /// <summary>Whether all fields of a row are written, even those that are none of <see cref="Fields"/>.</summary>
    public bool KeepsAll { get; }

    /// <summary>The fields that are written.</summary>
    public IReadOnlyList<int> Kept { get; }

    /// <summary>The output columns that stand behind them.</summary>
    public IReadOnlyList<int> New { get; }

    /// <summary>The names of all columns.</summary>
    public IEnumerable<string> Names => Kept.Select(i => Fields[i]).Concat(New.Select(i => Outputs[i]));

    /// <summary>The output column of a name, which takes the place of a field with that name; -1 if there is none.</summary>
    public int OutputNamed(string name) => _outputs.GetValueOrDefault(name, -1);
}
