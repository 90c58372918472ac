using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;

namespace Microsoft.ML.MaskedDiffusion.Transforms;

/// <summary>
/// The output columns of a transform, each written down once: the option that names it, its type, the name under which its saved form has
/// it, and its value. The output schema, the columns of batched views, the steps of a saved transform and the checks of the names all
/// follow from this table.
/// </summary>
/// <typeparam name="TOptions">The transform's options.</typeparam>
/// <typeparam name="TResult">What the transform computes for a row.</typeparam>
internal sealed class OutputTable<TOptions, TResult>
{
    private readonly List<Entry> _entries = [];

    /// <summary>Adds a Single.</summary>
    /// <param name="option">The option that names the column.</param>
    /// <param name="name">Reads that option; null where the user wants no such column.</param>
    /// <param name="storedName">The column of the saved mapping. It is part of the file format and never changes.</param>
    /// <param name="read">The value.</param>
    /// <param name="isOptional">Whether the name may be null.</param>
    public OutputTable<TOptions, TResult> Single(
        string option, Func<TOptions, string?> name, string storedName, Func<TResult, float> read, bool isOptional = false) =>
        AddScalar(option, name, storedName, column => OutputColumns.Single(column, read), isOptional);

    /// <summary>Adds an Int32.</summary>
    public OutputTable<TOptions, TResult> Int32(
        string option, Func<TOptions, string?> name, string storedName, Func<TResult, int> read, bool isOptional = false) =>
        AddScalar(option, name, storedName, column => OutputColumns.Int32(column, read), isOptional);

    /// <summary>Adds a Boolean.</summary>
    public OutputTable<TOptions, TResult> Boolean(
        string option, Func<TOptions, string?> name, string storedName, Func<TResult, bool> read) =>
        AddScalar(option, name, storedName, column => OutputColumns.Boolean(column, read));

    /// <summary>Adds a text.</summary>
    public OutputTable<TOptions, TResult> Text(
        string option, Func<TOptions, string?> name, string storedName, Func<TResult, string> read, bool isOptional = false) =>
        AddScalar(option, name, storedName, column => OutputColumns.Text(column, read), isOptional);

    /// <summary>Adds a vector of texts of any number.</summary>
    public OutputTable<TOptions, TResult> Texts(
        string option, Func<TOptions, string?> name, string storedName, Func<TResult, string[]> read, bool isOptional = false) =>
        AddScalar(option, name, storedName, column => OutputColumns.Texts(column, read), isOptional);

    /// <summary>Adds a vector of Single whose size the options know.</summary>
    public OutputTable<TOptions, TResult> Vector(
        string option,
        Func<TOptions, string?> name,
        string storedName,
        Func<TOptions, int> size,
        Func<TResult, float[]> read,
        bool isOptional = false) =>
        Add(new Entry(
            option,
            name,
            isOptional,
            (options, column) => OutputColumns.Vector(column, size(options), read),
            (options, column) => column is null
                ? CarrierOutput.Optional(storedName, null)
                : new CarrierOutput.Vector(storedName, column, size(options))));

    /// <summary>Adds a key (1 for the first, 0 for missing) whose number of values the options know.</summary>
    public OutputTable<TOptions, TResult> Key(
        string option, Func<TOptions, string> name, string storedName, Func<TOptions, int> count, Func<TResult, uint> read) =>
        Add(new Entry(
            option,
            name,
            IsOptional: false,
            (options, column) => OutputColumns.Key(column, count(options), read),
            (options, column) => new CarrierOutput.Key(storedName, column!, count(options))));

    /// <summary>The columns that a transform with these options adds, in their order.</summary>
    public IReadOnlyList<OutputColumn<TResult>> Columns(TOptions options) =>
        [.. _entries.Where(entry => entry.Name(options) is not null).Select(entry => entry.Open(options, entry.Name(options)!))];

    /// <summary>How the values of the saved mapping become these columns.</summary>
    public IReadOnlyList<CarrierOutput> SavedColumns(TOptions options) =>
        [.. _entries.Select(entry => entry.Carry(options, entry.Name(options)))];

    /// <summary>Every column needs a name of its own.</summary>
    /// <exception cref="ArgumentException">A name is null, empty, or used twice.</exception>
    public void CheckNames(TOptions options)
    {
        IEnumerable<Entry> wanted = _entries.Where(entry => !entry.IsOptional || entry.Name(options) is not null);
        OptionCheck.RequireColumnNames([.. wanted.Select(entry => (entry.Option, entry.Name(options)))]);
    }

    // A column that is carried as it is.
    private OutputTable<TOptions, TResult> AddScalar(
        string option,
        Func<TOptions, string?> name,
        string storedName,
        Func<string, OutputColumn<TResult>> open,
        bool isOptional = false) =>
        Add(new Entry(option, name, isOptional, (_, column) => open(column), (_, column) => CarrierOutput.Optional(storedName, column)));

    private OutputTable<TOptions, TResult> Add(Entry entry)
    {
        _entries.Add(entry);
        return this;
    }

    private sealed record Entry(
        string Option,
        Func<TOptions, string?> Name,
        bool IsOptional,
        Func<TOptions, string, OutputColumn<TResult>> Open,
        Func<TOptions, string?, CarrierOutput> Carry);
}
