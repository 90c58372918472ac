using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Counts characters of a text, and how often it was asked to.</summary>
internal sealed class FakeComputation(int batchSize = 4, CancellationToken cancellation = default)
    : RowComputation<string, FakeComputation.Result>
{
    public sealed record Result(string Text, int Length, float[] Codes);

    /// <summary>The sizes of the batches computed so far.</summary>
    public ConcurrentQueue<int> Batches { get; } = new();

    public List<(long Rows, long? All)> Reports { get; } = [];

    public override int BatchSize => batchSize;

    public override CancellationToken CancellationToken => cancellation;

    public override IReadOnlyList<InputColumn> Inputs { get; } = [InputColumn.Text("input", "Text")];

    public override IReadOnlyList<OutputColumn<Result>> Outputs { get; } =
    [
        OutputColumns.Int32<Result>("Length", row => row.Length),
        OutputColumns.Text<Result>("Upper", row => row.Text.ToUpperInvariant()),
        OutputColumns.Vector<Result>("Codes", 2, row => row.Codes),
        OutputColumns.Key<Result>("Parity", 2, row => (uint)(row.Length % 2) + 1),
        OutputColumns.Single<Result>("Half", row => row.Length / 2f),
    ];

    public override Func<string> Bind(DataViewRow row) => Inputs[0].BindText(row);

    public override IReadOnlyList<Result> Compute(IReadOnlyList<string> rows, CancellationToken cancellationToken)
    {
        Batches.Enqueue(rows.Count);
        return [.. rows.Select(Of)];
    }

    public override void Report(long rowsComputed, long? rowsInAll) => Reports.Add((rowsComputed, rowsInAll));

    public static Result Of(string text) => new(text, text.Length, [text.Length > 0 ? text[0] : -1, text.Length > 1 ? text[1] : -1]);

    public static string Name(int i) => new string((char)('a' + i % 26), i % 7 + 1) + i.ToString(CultureInfo.InvariantCulture);
}
