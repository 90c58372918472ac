using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>The folder of a search that goes on.</summary>
internal sealed class SearchFormat : FuzzFormat
{
    private const string Search = "search";

    public override string Name => "search";

    public override void Open(string folder)
    {
        var options = new SearchOptions
        {
            Trainer = Formats.Seeds.Training(),
            Space = new SearchSpace().Range("LearningRate", 1e-4, 1e-1, logarithmic: true).Choice("BatchSize", 2, 4),
            Metric = SearchMetric.Of("training loss", lm => lm.TrainingResult!.FinalLoss),
            MaxTrials = 3,
            Rungs = 1,
            EqualFlops = false,
            Seed = 7,
            Folder = Path.Combine(folder, Search),
            Resume = true,
        };
        try
        {
            Formats.Seeds.Context.MaskedDiffusion().Search(Formats.Seeds.View(Formats.Seeds.Texts), options).Dispose();
        }
        catch (InvalidOperationException error) when (error.Message.StartsWith("None of ", StringComparison.Ordinal))
        {
            // Measurements that are no numbers leave no best trial.
        }
    }

    public override FileSet Mutate(Random random)
    {
        var files = new FileSet(Pick(Seeds, random));
        const string Log = Search + "/search.jsonl";
        files[Log] = FileMutator.Mutate(Log, files[Log], [], random);
        return files;
    }

    protected override IReadOnlyList<FileSet> MakeSeeds() => [Formats.Seeds.Written(Open)];
}
