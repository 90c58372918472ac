namespace Mdm;

/// <summary>The exit codes of all commands.</summary>
internal static class ExitCode
{
    public const int Done = 0, Failed = 1, WrongUsage = 2, Interrupted = 130;

    /// <summary>What they mean, for the help.</summary>
    public const string Help = "0 done, 1 the work failed, 2 wrong usage, 130 interrupted";
}
