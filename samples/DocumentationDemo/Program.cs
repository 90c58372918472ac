using System.CommandLine;
using DocumentationDemo;
using DocumentationDemo.Steps;

var defaults = new DemoOptions();
var text = new Option<FileInfo>("--text")
{
    Description = "Train on this plain UTF-8 text file, one row per line, instead of the .NET reference documentation.",
};
var jsonLines = new Option<FileInfo>("--jsonl")
{
    Description = "Train on this JSON-lines file, one row per line, instead of the .NET reference documentation.",
};
var field = new Option<string>("--field")
{
    Description = "The field of --jsonl that holds the text.", DefaultValueFactory = _ => defaults.Field,
};
var minutes = new Option<double>("--minutes") { Description = "Training time in minutes.", DefaultValueFactory = _ => defaults.Minutes };
var questions = new Option<int>("--questions")
{
    Description = "Number of multiple-choice questions to ask, 10 to 100000.", DefaultValueFactory = _ => defaults.Questions,
};
var seed = new Option<int>("--seed") { Description = "Seed of all random choices.", DefaultValueFactory = _ => defaults.Seed };
var output = new Option<DirectoryInfo>("--out")
{
    Description = "Folder for the model (lm.zip), the report (report.html) and the steps of a text (writing.html).",
    DefaultValueFactory = _ => defaults.Output,
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
    "Trains a masked diffusion language model on real text in an ML.NET pipeline. Then uses it to score text, answer multiple-choice "
    + "questions, fill gaps and write on, saves it, loads it in a second process and writes a report.")
{
    text, jsonLines, field, minutes, questions, seed, output,
};
root.Validators.Add(result =>
{
    if (result.GetValue(text) is not null && result.GetValue(jsonLines) is not null)
        result.AddError("Give --text or --jsonl, not both.");
});
root.SetAction((parsed, cancellationToken) => RunAsync(
    new DemoOptions
    {
        Text = parsed.GetValue(text), JsonLines = parsed.GetValue(jsonLines), Field = parsed.GetValue(field)!,
        Minutes = parsed.GetValue(minutes), Questions = parsed.GetValue(questions), Seed = parsed.GetValue(seed),
        Output = parsed.GetValue(output)!,
    }, cancellationToken));

// What the second process of step 7 runs.
var model = new Argument<string>("model");
var score = new Command("score", "Scores the lines of standard input with a saved model.") { Hidden = true, Arguments = { model } };
score.SetAction(parsed => ReloadStep.ScoreStandardInput(parsed.GetValue(model)!));
root.Subcommands.Add(score);

return await root.Parse(args).InvokeAsync();

// Errors that the user can correct are printed as one line; all others keep their stack trace.
static async Task<int> RunAsync(DemoOptions options, CancellationToken cancellationToken)
{
    try
    {
        return await Demo.RunAsync(options, cancellationToken);
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
