using System.CommandLine;
using TinyShakespeare;

var text = new Option<FileInfo>("--text")
{
    Description = "The text: one plain UTF-8 file, such as Karpathy's tinyshakespeare.txt.", Required = true,
};
text.AcceptExistingOnly();
var minutes = new Option<double>("--minutes") { Description = "Minutes of training.", DefaultValueFactory = _ => 30 };
minutes.Validators.Add(result =>
{
    if (result.GetValueOrDefault<double>() is not (> 0 and <= 10_000))
        result.AddError("--minutes must be above 0 and at most 10000.");
});
var seed = new Option<int>("--seed") { Description = "Seed of everything random.", DefaultValueFactory = _ => 1 };
var output = new Option<DirectoryInfo>("--out")
{
    Description = "Where the model (model.mdm) and the loss curve (loss.svg) go; those of an earlier run are replaced.",
    DefaultValueFactory = _ => new DirectoryInfo("artifacts/tinyshakespeare"),
};

var root = new RootCommand(
    "Trains a masked diffusion model of some 3 million parameters on the bytes of one text, "
    + "measures it on the last tenth and lets it write.")
{
    text, minutes, seed, output,
};
root.SetAction((parsed, cancellationToken) =>
{
    try
    {
        ByteModel.Run(parsed.GetValue(text)!, parsed.GetValue(minutes), parsed.GetValue(seed), parsed.GetValue(output)!, cancellationToken);
        return Task.FromResult(0);
    }
    catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine($"error: {e.Message}");
        return Task.FromResult(1);
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("cancelled");
        return Task.FromResult(130);
    }
});
return await root.Parse(args).InvokeAsync();
