namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>A tensor of a file, and where its rows are among a network's parameters.</summary>
/// <param name="Name">The tensor's name in the file.</param>
/// <param name="Shape">Its shape there.</param>
/// <param name="Rows">Where its rows belong; together they are all of its rows.</param>
internal sealed record StoredTensor(string Name, long[] Shape, StoredRows[] Rows)
{
    /// <summary>Whether a file may lack it, because it repeats parameters that another tensor has.</summary>
    public bool IsCopy { get; init; }

    /// <summary>Whether the numbers are integers of 8 bits, whose rows' scales are in a tensor of their own.</summary>
    public bool IsInt8 { get; init; }

    /// <summary>A parameter that is stored as it is.</summary>
    public static StoredTensor Whole(string name, string parameter, long[] shape) =>
        new(name, shape, [new StoredRows(parameter, 0, 0, shape[0])]);
}

/// <summary>Rows of a stored tensor that follow each other, and their place in a parameter.</summary>
/// <param name="Parameter">The parameter's name in the network.</param>
/// <param name="From">The first row in the stored tensor.</param>
/// <param name="To">The first row in the parameter.</param>
/// <param name="Count">How many rows.</param>
internal readonly record struct StoredRows(string Parameter, long From, long To, long Count);
