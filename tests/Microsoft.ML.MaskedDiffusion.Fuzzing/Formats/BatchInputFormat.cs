using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>Files of rows that are scored, and the log of a scoring that was stopped.</summary>
internal sealed class BatchInputFormat : FuzzFormat
{
    private const string Csv = """
        Text,Number,Flag
        the cat,1,true
        "a ""bird"", and more",2.5,false
        "two
        lines",NaN,true

        """;

    private const string Json = """
        {"Text":"the cat","Number":1,"Flag":true,"List":["a","b"]}
        {"Text":"a bird","Number":2.5,"Flag":false,"List":[]}
        {"Text":"ü","Number":null,"Flag":true,"List":["c",null],"More":{"a":[1]}}

        """;

    private static readonly string[] Inputs = ["rows.csv", "rows.tsv", "rows.jsonl", "rows.parquet"];

    public override string Name => "batch";

    public override void Open(string folder)
    {
        string input = Inputs.FirstOrDefault(name => File.Exists(Path.Combine(folder, name))) ?? Inputs[0];
        string extension = Path.GetExtension(input);
        Score(folder, input, "scored" + extension, new FileInfo(Path.Combine(folder, input)) is { Exists: true, Length: var length }
            && length % 2 == 0 ? InvalidRows.Skip : InvalidRows.Throw);
    }

    // The columns of the file are not those that the transformer reads.
    public override bool IsTyped(Exception error) => base.IsTyped(error) || error is ArgumentOutOfRangeException
        || error is IOException && error.Message.Contains("would be overwritten", StringComparison.Ordinal);

    // The Parquet library takes memory for the lengths that a file claims.
    public override bool IsOurMemory(Exception error) =>
        error.GetBaseException().StackTrace?.Contains("at Parquet.", StringComparison.Ordinal) != true;

    protected override IReadOnlyList<FileSet> MakeSeeds()
    {
        FileSet json = Formats.Seeds.Of((Inputs[2], Json));
        return
        [
            Formats.Seeds.Of((Inputs[0], Csv)),
            Formats.Seeds.Of((Inputs[1], Csv.Replace(',', '\t'))),
            json,
            Parquet(json),
            Parquet(json),
            Stopped(json),
            Stopped(Formats.Seeds.Of((Inputs[0], Csv))),
        ];
    }

    private static FileSet Parquet(FileSet json)
    {
        FileSet written = Formats.Seeds.Written(folder =>
        {
            json.Write(folder);
            Score(folder, Inputs[2], Inputs[3], InvalidRows.Throw);
        });
        return new FileSet { [Inputs[3]] = written[Inputs[3]] };
    }

    private static FileSet Stopped(FileSet rows) => Formats.Seeds.Written(folder =>
    {
        rows.Write(folder);
        using var source = new CancellationTokenSource();
        string input = rows.Keys.Single();
        try
        {
            Score(folder, input, "scored" + Path.GetExtension(input), InvalidRows.Throw, source);
        }
        catch (OperationCanceledException)
        {
            // As it should be.
        }
    });

    private static void Score(string folder, string input, string output, InvalidRows invalid, CancellationTokenSource? stop = null)
    {
        MLContext ml = Formats.Seeds.Context;
        var schema = new DataViewSchema.Builder();
        schema.AddColumn("Text", TextDataViewType.Instance);
        ITransformer transformer = ml.Transforms.CopyColumns("Copy", "Text").Fit(new BlankView(schema.ToSchema()));
        ml.MaskedDiffusion().ScoreFile(transformer, new BatchScoringOptions
        {
            InputPath = Path.Combine(folder, input), OutputPath = Path.Combine(folder, output), InvalidRows = invalid, BlockSize = 1,
            InputSchema = schema.ToSchema(), OutputColumns = ["Copy"], CancellationToken = stop?.Token ?? default,
            Progress = stop is null ? null : new Stopper(stop),
        });
    }

    private sealed class Stopper(CancellationTokenSource source) : IProgress<BatchScoringProgress>
    {
        public void Report(BatchScoringProgress value)
        {
            if (value.RowCount >= 2)
                source.Cancel();
        }
    }
}
