using System.CommandLine;
using System.CommandLine.Help;
using Mdm.Commands;
using Mdm.Output;
using Mdm.Settings;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm;

/// <summary>The tool as a whole: from a command line to an exit code.</summary>
internal static class Tool
{
    /// <summary>Runs a command line.</summary>
    /// <param name="arguments">What stands behind the tool's name.</param>
    /// <param name="console">The streams.</param>
    /// <param name="cancellation">Interrupts the work, which then keeps the best so far.</param>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public static int Run(IReadOnlyList<string> arguments, ToolConsole console, CancellationToken cancellation)
    {
        ParseResult parsed = Root().Parse(arguments.Count == 0 ? ["--help"] : arguments);
        if (parsed.Action is HelpWithExamples)
            return Print(parsed, console);
        if ((Misspelt(arguments, parsed) ?? (parsed.Errors.Count > 0 ? parsed.Errors[0].Message : null)) is { } message)
        {
            console.Error.WriteLine("error: " + message);
            console.Error.WriteLine($"'mdm {CommandPath(parsed)}--help' lists what there is.");
            return ExitCode.WrongUsage;
        }
        if (parsed.Action is not null)
            return Print(parsed, console);
        if (Alone(parsed) is { } count)
        {
            console.Error.WriteLine($"error: mpiexec has started {count} processes, and each of them would do the whole work. Add --mpi, "
                + "so that they work together, or start one.");
            return ExitCode.WrongUsage;
        }
        MpiProcessGroup? processes = null;
        string rank = "";
        try
        {
            processes = parsed.GetValue(ToolCommand.Mpi) ? MpiProcessGroup.Start() : null;
            if (processes is { Size: > 1 })
                rank = $"rank {processes.Rank}: ";
            if (rank.Length > 0 && processes!.Rank == 0)
                console.Error.WriteLine(processes.Description);
            ToolConsole own = processes is null or { Rank: 0 } ? console : console.Silenced();
            IProcessGroup group = processes is null ? SingleProcess.Instance : processes;
            return ((ToolCommand)parsed.CommandResult.Command).Execute(parsed, own, group, cancellation);
        }
        catch (OperationCanceledException)
        {
            if (processes is null or { Rank: 0 })
                console.Error.WriteLine("Interrupted before there was anything to save.");
            return ExitCode.Interrupted;
        }
        catch (RankFailedException) when (processes is { Rank: > 0 })
        {
            // The first rank and the one that failed have said it.
            return ExitCode.Failed;
        }
        catch (Exception error)
        {
            console.Error.WriteLine($"{rank}error: {ErrorText.Of(error, parsed.CommandResult.Command as ToolCommand)}");
            if (parsed.GetValue(ToolCommand.Verbose))
                console.Error.WriteLine(error);
            return error is UsageException or ArgumentException or FormatException ? ExitCode.WrongUsage : ExitCode.Failed;
        }
        finally
        {
            processes?.Dispose();
        }
    }

    // The help or the version.
    private static int Print(ParseResult parsed, ToolConsole console)
    {
        try
        {
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = console.Out, Error = console.Error, EnableDefaultExceptionHandler = false,
            });
        }
        catch (IOException error)
        {
            console.Error.WriteLine("error: " + ErrorText.Of(error));
            return ExitCode.Failed;
        }
    }

    // The number of processes that MPI's launcher has started, where they are not to work together. Parts of a file they may do apart.
    private static int? Alone(ParseResult parsed)
    {
        bool isTogether = !parsed.CommandResult.Command.Options.Contains(ToolCommand.Mpi) || parsed.GetValue(ToolCommand.Mpi)
            || parsed.CommandResult.Command.Options.Any(option => option.Name == "--shard" && parsed.GetResult(option) is not null);
        return !isTogether && int.TryParse(Environment.GetEnvironmentVariable("PMI_SIZE"), out int count) && count > 1 ? count : null;
    }

    private static RootCommand Root()
    {
        var root = new RootCommand(
            "Trains, searches, measures and uses masked diffusion language models. 'mdm COMMAND --help' has a command's options, and "
            + $"examples. Exit codes: {ExitCode.Help}.")
        {
            new TrainCommand(), new FinetuneCommand(), new ScoreCommand(), new ChooseCommand(), new InfillCommand(), new GenerateCommand(),
            new PerplexityCommand(), new EvalCommand(), new SearchCommand(), new BatchCommand(), new InspectCommand(), new ConvertCommand(),
            ToolCommand.Verbose,
        };
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    // A command's texts may be anything, so an option that there is not would be taken for one of them. What stands after -- is a text.
    private static string? Misspelt(IReadOnlyList<string> arguments, ParseResult parsed)
    {
        if (parsed.CommandResult.Command is not ToolCommand command)
        {
            IEnumerable<string> commands = parsed.RootCommandResult.Command.Subcommands.Select(known => known.Name);
            return parsed.UnmatchedTokens.FirstOrDefault() is { } word
                ? $"There is no command {word}{NearestName.Hint(word, commands)}." : null;
        }
        IEnumerable<string> texts = command.Arguments.SelectMany(argument => parsed.GetResult(argument)?.Tokens ?? [])
            .Select(token => token.Value).Concat(parsed.UnmatchedTokens);
        string[] before = [.. arguments.TakeWhile(text => text != "--")];
        return texts.FirstOrDefault(text => text.StartsWith("--", StringComparison.Ordinal) && before.Contains(text)) is { } option
            ? $"There is no option {option}{NearestName.Hint(option, command.Options.Select(known => known.Name))}." : null;
    }

    private static string CommandPath(ParseResult parsed) =>
        parsed.CommandResult.Command is ToolCommand command ? command.Name + " " : "";
}
