using System.CommandLine;
using DocumentationDemo;
using DocumentationDemo.Steps;

var text = new Option<FileInfo>("--text")
{
    Description = "Train on this plain UTF-8 text file, a row a line, in place of the .NET reference documentation.",
};
var jsonLines = new Option<FileInfo>("--jsonl") { Description = "Train on this JSON-lines file." };
var field = new Option<string>("--field") { Description = "The field of --jsonl that holds the text.", DefaultValueFactory = _ => "text" };
var minutes = new Option<double>("--minutes") { Description = "Minutes of training.", DefaultValueFactory = _ => 5 };
var questions = new Option<int>("--questions") { Description = "Zero-shot questions to ask.", DefaultValueFactory = _ => 400 };
var seed = new Option<int>("--seed") { Description = "Seed of everything random.", DefaultValueFactory = _ => 1 };
var output = new Option<DirectoryInfo>("--output")
{
    Description = "Where the model and the report go.", DefaultValueFactory = _ => new DirectoryInfo("artifacts/demo"),
};
foreach (Option<FileInfo> file in new[] { text, jsonLines })
    file.AcceptExistingOnly();
minutes.Validators.Add(result =>
{
    if (result.GetValueOrDefault<double>() is not (> 0 and <= 10_000))
        result.AddError("--minutes must be above 0 and at most 10000.");
});
questions.Validators.Add(result =>
{
    if (result.GetValueOrDefault<int>() is not (>= 10 and <= 100_000))
        result.AddError("--questions must be 10 to 100000.");
});

var root = new RootCommand(
    "Trains a masked diffusion language model on real text through an ML.NET pipeline, scores, chooses and fills in with it, "
    + "saves and reloads it.")
{
    text, jsonLines, field, minutes, questions, seed, output,
};
root.Validators.Add(result =>
{
    if (result.GetValue(text) is not null && result.GetValue(jsonLines) is not null)
        result.AddError("Give --text or --jsonl, not both.");
});
root.SetAction((parsed, cancellationToken) => Task.FromResult(Run(
    new DemoOptions
    {
        Text = parsed.GetValue(text), JsonLines = parsed.GetValue(jsonLines), Field = parsed.GetValue(field)!, Minutes = parsed
            .GetValue(minutes),
        Questions = parsed.GetValue(questions), Seed = parsed.GetValue(seed), Output = parsed.GetValue(output)!,
    }, cancellationToken)));

// The second process of step 6.
var model = new Argument<string>("model");
var score = new Command("score", "Scores the lines of standard input with a saved model.") { Hidden = true, Arguments = { model } };
score.SetAction(parsed => ReloadStep.ScoreStandardInput(parsed.GetValue(model)!));
root.Subcommands.Add(score);

return await root.Parse(args).InvokeAsync();

// What the user can put right is one line; anything else keeps its stack.
static int Run(DemoOptions options, CancellationToken cancellationToken)
{
    try
    {
        return Demo.Run(options, cancellationToken);
    }
    catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine($"error: {e.Message}");
        return 1;
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("cancelled");
        return 130;
    }
}
