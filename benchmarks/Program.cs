using System.CommandLine;
using Microsoft.ML.MaskedDiffusion.Benchmarks;
using Microsoft.ML.MaskedDiffusion.Benchmarks.Devices;
using Microsoft.ML.MaskedDiffusion.Benchmarks.Kernels;
using Microsoft.ML.MaskedDiffusion.Benchmarks.Learning;
using Microsoft.ML.MaskedDiffusion.Benchmarks.Memory;
using Microsoft.ML.MaskedDiffusion.Benchmarks.Quality;
using Microsoft.ML.MaskedDiffusion.Benchmarks.Ranks;
using Microsoft.ML.MaskedDiffusion.Benchmarks.Robustness;
using Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

var root = new RootCommand(
    "Measurements of Microsoft.ML.MaskedDiffusion, and the commands that need its sources. `COMMAND --help` lists a command's options.")
{
    TrainingCommand.Command(),
    GrowthCommand.Command(),
    GrowthCommand.ChildCommand(),
    LearningCommand.Command(),
    AdaptationCommand.Command(),
    LikelihoodCommand.Command(),
    BatchCommand.Command(),
    BatchCommand.ChildCommand(),
    GenerationCommand.Command(),
    DeviceCommand.Command(),
    DeviceCommand.ChildCommand(),
    KernelsCommand.Command(),
    StartupCommand.Command(),
    StartupCommand.ChildCommand(),
    MemoryCommand.Command(),
    MemoryCommand.ChildCommand(),
    MemoryShapesCommand.Command(),
    MemoryShapesCommand.ChildCommand(),
    CorpusCommand.Command(),
    CorpusCommand.ChildCommand(),
    NoiseCommand.Command(),
    KillCommand.Command(),
    KilledTraining.ChildCommand(),
    SoakCommand.Command(),
    PoliciesCommand.Command(),
    ParityCommand.Command(),
    GapsCommand.Command(),
    QualityCommand.Command(),
    WeightTypesCommand.Command(),
    RanksCommand.Command(),
    RanksCommand.ChildCommand(),
};
return await root.Parse(args.Length == 0 ? ["--help"] : args).InvokeAsync();
