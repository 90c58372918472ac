using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Mdm;

/// <summary>The help of a command, with examples and exit codes at its end.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        int status = help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is not ToolCommand command)
            return status;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (string example in command.Examples)
            output.WriteLine("  " + example);
        output.WriteLine();
        output.WriteLine("Exit codes:");
        output.WriteLine("  " + ExitCode.Help);
        return status;
    }
}
