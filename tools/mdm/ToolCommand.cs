using System.CommandLine;
using Mdm.Output;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm;

/// <summary>A command of the tool. A new one is a class of its own in Commands and a line in <see cref="Tool"/>.</summary>
internal abstract class ToolCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Command lines that work, for the end of the help.</summary>
    public IReadOnlyList<string> Examples => examples;

    /// <summary>Whether errors are shown with the place in the code where they occurred.</summary>
    public static Option<bool> Verbose { get; } = new("--verbose")
    {
        Description = "Show where in the code an error occurred.", Recursive = true,
    };

    /// <summary>Whether the process works together with the others that MPI has started. Commands that can do so have it.</summary>
    public static Option<bool> Mpi { get; } = new("--mpi")
    {
        Description = "Work together with the other processes that mpiexec has started.",
    };

    /// <summary>What a message of the library says, in the words of this command's options.</summary>
    public virtual string InOwnWords(string message) => message;

    /// <summary>Runs the command.</summary>
    /// <returns>The exit code.</returns>
    public abstract int Execute(ParseResult arguments, ToolConsole console, IProcessGroup group, CancellationToken cancellation);
}
