using System.CommandLine;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments;
using Reproduce.Results;
using Reproduce.Runs;

var name = new Argument<string>("name") { Description = "The experiment." };
name.AcceptOnlyFromAmong([.. Catalog.All.Select(experiment => experiment.Name)]);
var scale = new Option<double>("--scale")
{
    Description = "Multiplies the steps of all trainings and the number of questions; 1 is what fits into 20 minutes of 2 cores.",
    DefaultValueFactory = _ => 1,
};
scale.Validators.Add(result =>
{
    if (result.GetValueOrDefault<double>() is not (> 0 and <= 1000))
        result.AddError("--scale must be above 0 and at most 1000.");
});
var untrained = new Option<bool>("--untrained") { Description = "Leaves the models as random as they begin." };
var simulate = new Option<bool>("--simulate")
{
    Description = "Puts published figures through the same analysis, without a training. scaling-law alone has them.",
};
var seed = new Option<int>("--seed") { Description = "The seed of every random choice.", DefaultValueFactory = _ => 1 };
var data = new Option<string?>("--data") { Description = "The folder with the data sets' official files." };
var folder = new Option<string?>("--out") { Description = "Where everything is written. Default artifacts/reproduce/NAME." };
var restart = new Option<bool>("--restart") { Description = "Removes what an earlier run has left in that folder, and begins anew." };

var command = new RootCommand(
    "Repeats results of masked diffusion language models in small, each with 95 % intervals. A run that was interrupted goes on.\n\n"
    + string.Join("\n", Catalog.All.Select(experiment => $"  {experiment.Name,-16} {experiment.Title}")))
{
    name, scale, untrained, simulate, seed, data, folder, restart,
};
command.SetAction((parsed, cancellation) =>
{
    Experiment experiment = Catalog.All.Single(known => known.Name == parsed.GetValue(name));
    var options = new RunOptions
    {
        Scale = parsed.GetValue(scale),
        IsUntrained = parsed.GetValue(untrained),
        IsSimulated = parsed.GetValue(simulate),
        Seed = parsed.GetValue(seed),
        DataFolder = parsed.GetValue(data),
        Folder = parsed.GetValue(folder) ?? Path.Combine("artifacts", "reproduce", experiment.Name),
    };
    try
    {
        if (options.IsSimulated && !experiment.HasPublishedFigures)
            throw new NotSupportedException($"--simulate needs published figures, which {experiment.Name} does not have.");
        if (parsed.GetValue(restart))
            RunFolder.Clear(options.Folder);
        Console.WriteLine($"{experiment.Title}\n\n{experiment.Method}\n");
        ExperimentResult result = experiment.Measure(new Run(experiment.Name, options, new ConsoleProgress(), cancellation));
        ResultFiles.Write(experiment, options, result);
        Console.WriteLine(ResultFiles.Text(result));
        Console.WriteLine($"Written to {options.Folder}: index.html, figure.svg, results.json, results.md");
        return Task.FromResult(0);
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("Interrupted; the same command goes on from here.");
        return Task.FromResult(130);
    }
    catch (Exception error) when (error is InvalidOperationException or FormatException or IOException or NotSupportedException)
    {
        Console.Error.WriteLine($"error: {error.Message}");
        return Task.FromResult(1);
    }
});
return await command.Parse(args).InvokeAsync();
