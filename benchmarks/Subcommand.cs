namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>System.CommandLine's command under a name that the namespace Microsoft.ML.Command does not hide.</summary>
internal sealed class Subcommand(string name, string description) : System.CommandLine.Command(name, description);
