
namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Which likelihood settings a task is evaluated with. Immutable.</summary>
public sealed class ZeroShotProfile
{
    private readonly Func<ZeroShotTask, LikelihoodOptions> _settings;

    private ZeroShotProfile(string name, Func<ZeroShotTask, LikelihoodOptions> settings)
    {
        Name = name;
        _settings = settings;
    }

    /// <summary>
    /// One setting for all tasks, not tuned on any of them: exact-count estimates of 128 samples without guidance, the defaults of
    /// <see cref="LikelihoodOptions"/>.
    /// </summary>
    public static ZeroShotProfile Default { get; } = new("default", _ => new LikelihoodOptions());

    /// <summary>
    /// SMDM's settings of its eval_mdm.sh, which differ from task to task in method and guidance: Monte Carlo of 1024 samples in combs
    /// of 16, or the chain rule. They were tuned on the tasks, so use them only to compare with published figures. Knows the eight
    /// built-in tasks.
    /// </summary>
    public static ZeroShotProfile Published { get; } = new("published", PublishedSettings);

    /// <summary>The profile's name, for tables and logs.</summary>
    public string Name { get; }

    /// <summary>One setting of your own for all tasks.</summary>
    /// <param name="options">The setting; copied.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static ZeroShotProfile Uniform(LikelihoodOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        LikelihoodOptions copy = options.Clone();
        return new ZeroShotProfile("uniform", _ => copy.Clone());
    }

    /// <summary>The settings for a task; the caller's own copy.</summary>
    /// <param name="task">The task.</param>
    /// <exception cref="ArgumentException">The profile does not know the task.</exception>
    public LikelihoodOptions For(ZeroShotTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return _settings(task);
    }

    private static LikelihoodOptions PublishedSettings(ZeroShotTask task) => task.Name switch
    {
        "lambada_standard" => ChainRule(1.1),
        "openbookqa" or "boolq" => ChainRule(1.6),
        "piqa" => ChainRule(0.6),
        "arc_easy" or "social_iqa" => MonteCarlo(0.6),
        "race" or "hellaswag" => MonteCarlo(0.7),
        _ => throw new ArgumentException(
            $"No settings are published for the task '{task.Name}', only for {string.Join(", ", ZeroShotTask.Names)}. "
            + $"Use {nameof(Default)} or {nameof(Uniform)}.", nameof(task)),
    };

    private static LikelihoodOptions ChainRule(double guidance) =>
        new() { Method = LikelihoodMethod.ChainRule, GuidanceScale = guidance, Seed = 1234 };

    private static LikelihoodOptions MonteCarlo(double guidance) =>
        new() { Method = LikelihoodMethod.MonteCarlo, Samples = 1024, RoundSize = 16, GuidanceScale = guidance, Seed = 1234 };
}
