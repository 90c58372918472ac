using System.CommandLine;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Kernels;

/// <summary>
/// Single kernels beside torch's operators by BenchmarkDotNet, in this process (so that nothing is built or downloaded), with managed bytes
/// per call. Its artifacts go to a temporary folder and are deleted.
/// </summary>
internal static class KernelsCommand
{
    private static readonly Dictionary<string, Type> Cases = new()
    {
        ["matrix"] = typeof(MatrixProductCase),
        ["attention"] = typeof(AttentionCase),
        ["norm"] = typeof(NormCase),
        ["cross-entropy"] = typeof(CrossEntropyCase),
        ["adamw"] = typeof(AdamWCase),
        ["bpe"] = typeof(BytePairCase),
    };

    public static Subcommand Command()
    {
        var cases = new Option<string[]>("--case")
        {
            Description = "kernels to measure: " + string.Join(", ", Cases.Keys), AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [.. Cases.Keys],
        };
        cases.AcceptOnlyFromAmong([.. Cases.Keys]);
        var iterations = new Option<int>("--iterations") { Description = "measured iterations of each", DefaultValueFactory = _ => 5 };
        var command = new Subcommand("kernels", "single kernels beside torch's operators") { cases, iterations };
        command.SetAction(result => Run(result.GetValue(cases)!, result.GetValue(iterations)));
        return command;
    }

    private static int Run(string[] cases, int iterations)
    {
        HeapChoice.Apply(HeapChoice.All);
        string artifacts = Directory.CreateTempSubdirectory("mdm-kernels-").FullName;
        try
        {
            var logger = new AccumulationLogger();
            Job job = Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(2).WithIterationCount(iterations);
            IConfig config = ManualConfig.CreateEmpty().AddJob(job).AddLogger(logger).AddColumnProvider(DefaultColumnProviders.Instance)
                .AddDiagnoser(MemoryDiagnoser.Default).WithArtifactsPath(artifacts);
            bool complete = true;
            foreach (string name in cases)
            {
                BenchmarkDotNet.Reports.Summary summary = BenchmarkRunner.Run(Cases[name], config);
                if (summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success))
                {
                    complete = false;
                    Console.WriteLine(logger.GetLog());
                }
                Console.WriteLine(name);
                MarkdownExporter.GitHub.ExportToLog(summary, ConsoleLogger.Default);
                logger.ClearLog();
            }
            return complete ? 0 : 1;
        }
        finally
        {
            Directory.Delete(artifacts, recursive: true);
        }
    }
}
