using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>A zero-shot task in JSON, its questions, and the log of an evaluation that was stopped.</summary>
internal sealed class TaskFormat : FuzzFormat
{
    private const string Task = "task.json", Rows = "rows.jsonl", Logs = "logs";

    public override string Name => "task";

    public override void Open(string folder)
    {
        ZeroShotTask task = ZeroShotTask.FromJsonFile(Path.Combine(folder, Task));
        new ZeroShotEvaluator(Formats.Seeds.Model, Options(folder)).Evaluate(task, Path.Combine(folder, Rows));
    }

    protected override IReadOnlyList<FileSet> MakeSeeds()
    {
        FileSet choices = Formats.Seeds.Of(
            (Task, """{"name":"pets","context":"{q}","choices_field":"options","gold_field":"answer","first_index":1,"delimiter":" "}"""),
            (Rows, """
                {"id":"a","q":"the cat","options":["sat","ran"],"answer":1}
                {"id":"b","q":"a bird","options":["sang","sat"],"answer":"2"}
                {"query":"one two","choices":["three","two"],"gold":0}

                """));
        FileSet greedy = Formats.Seeds.Of(
            (Task, """{"name":"last","context":"the {w}","choices":["cat {w}"],"greedy":true}"""),
            (Rows, "{\"w\":\"sat\"}\n{\"w\":\"ran\"}\n"));
        return [WithLog(choices), WithLog(greedy), choices];
    }

    private FileSet WithLog(FileSet files) => Formats.Seeds.Written(folder =>
    {
        files.Write(folder);
        Open(folder);
    });

    private static ZeroShotOptions Options(string folder) => new()
    {
        LogFolder = Path.Combine(folder, Logs),
        ContextOverflow = ContextOverflow.KeepEnd,
        Profile = ZeroShotProfile.Uniform(new LikelihoodOptions { Samples = 4 }),
    };
}
