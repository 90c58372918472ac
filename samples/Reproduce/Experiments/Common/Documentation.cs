using System.Collections.Concurrent;
using DocumentationDemo;
using DocumentationDemo.Corpus;
using Microsoft.ML;
using Reproduce.Runs;

namespace Reproduce.Experiments.Common;

/// <summary>The .NET reference documentation that comes with the SDK. It is read once, because it does not change meanwhile.</summary>
internal static class Documentation
{
    private static readonly ConcurrentDictionary<int, Lazy<CorpusSets>> BySeed = new();

    /// <summary>The text, split as the run's seed says.</summary>
    public static CorpusSets Of(Run run) => BySeed.GetOrAdd(run.Options.Seed, seed => new Lazy<CorpusSets>(
        () => CorpusSets.Read(new MLContext(1), new DemoOptions { Seed = seed }, CancellationToken.None))).Value;
}
