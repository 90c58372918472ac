using System.CommandLine;
using Microsoft.ML.MaskedDiffusion.Benchmarks;

var root = new RootCommand("Measurements of Microsoft.ML.MaskedDiffusion. Every figure stands beside one that was measured in the same run.")
{
    TrainingBenchmark.Command(),
    ZeroShotCommand.Command(),
    LikelihoodBenchmark.Command(),
    MemoryCommand.Command(),
    MemoryCommand.ChildCommand(),
    NoiseBenchmark.Command(),
    KillCommand.Command(),
    KillCommand.ChildCommand(),
    CorpusBenchmark.Command(),
    CorpusBenchmark.ChildCommand(),
};
return root.Parse(args.Length == 0 ? ["training"] : args).Invoke();
