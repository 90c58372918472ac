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
var standIns = new Option<bool>("--stand-ins")
{
    Description = "Makes small files in the formats of --data and uses these. mt-bench alone has them.",
};
var full = new Option<bool>("--full")
{
    Description = "The published setting, for a GPU: " + string.Join("; ", Catalog.All
        .Where(experiment => experiment.Full is not null).Select(experiment => $"{experiment.Name}: {experiment.Full}")) + ".",
};
var model = new Option<string?>("--model") { Description = "With --full: the .mdm file of a pre-trained masked diffusion model." };
var baseline = new Option<string?>("--baseline") { Description = "With --full: the .mdm file of a pre-trained autoregressive model." };
var judge = new Option<string?>("--judge") { Description = "With --full: the .mdm file of a third model, which judges texts of both." };
var seed = new Option<int>("--seed") { Description = "The seed of every random choice.", DefaultValueFactory = _ => 1 };
var data = new Option<string?>("--data") { Description = "The folder with the data sets' official files." };
var folder = new Option<string?>("--out") { Description = "Where everything is written. Default artifacts/reproduce/NAME." };
var restart = new Option<bool>("--restart") { Description = "Removes what an earlier run has left in that folder, and begins anew." };

var command = new RootCommand(
    "Repeats results of masked diffusion language models in small, each with 95 % intervals. A run that was interrupted goes on.\n\n"
    + string.Join("\n", Catalog.All.Select(experiment => $"  {experiment.Name,-16} {experiment.Title}")))
{
    name, scale, untrained, simulate, standIns, full, model, baseline, judge, seed, data, folder, restart,
};
command.SetAction((parsed, cancellation) =>
{
    Experiment experiment = Catalog.All.Single(known => known.Name == parsed.GetValue(name));
    var options = new RunOptions
    {
        Scale = parsed.GetValue(scale),
        IsUntrained = parsed.GetValue(untrained),
        IsSimulated = parsed.GetValue(simulate),
        UsesStandIns = parsed.GetValue(standIns),
        IsFull = parsed.GetValue(full),
        ModelFile = parsed.GetValue(model),
        BaselineFile = parsed.GetValue(baseline),
        JudgeFile = parsed.GetValue(judge),
        Seed = parsed.GetValue(seed),
        DataFolder = parsed.GetValue(data),
        Folder = parsed.GetValue(folder) ?? Path.Combine("artifacts", "reproduce", experiment.Name),
    };
    try
    {
        if (options.IsSimulated && !experiment.HasPublishedFigures)
            throw new NotSupportedException($"--simulate needs published figures, which {experiment.Name} does not have.");
        if (options.UsesStandIns && !experiment.HasStandIns)
            throw new NotSupportedException($"--stand-ins is for mt-bench; {experiment.Name} makes no files in place of a data set's.");
        if (options.IsFull && experiment.Full is null)
            throw new NotSupportedException($"{experiment.Name} has no published setting for --full.");
        if (options.IsFull && options.IsSimulated)
            throw new NotSupportedException("--full trains and --simulate does not; name one of them.");
        if (options.IsFull && !experiment.FullNeedsModels && (options.ModelFile ?? options.BaselineFile ?? options.JudgeFile) is not null)
        {
            throw new NotSupportedException(
                $"{experiment.Name} --full begins with random weights; leave out --model, --baseline and --judge.");
        }
        if (!options.IsFull && (options.ModelFile ?? options.BaselineFile ?? options.JudgeFile) is not null)
        {
            throw new NotSupportedException(
                "--model, --baseline and --judge are for --full; without it models are trained from random weights.");
        }
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
    catch (Exception error) when (error is InvalidOperationException or FormatException or InvalidDataException
        or IOException or NotSupportedException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine($"error: {error.Message}");
        return Task.FromResult(1);
    }
});
return await command.Parse(args).InvokeAsync();
