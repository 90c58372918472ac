using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.Scoring;

/// <summary>Likelihood options as text: all options that results depend on for the head of a log, and a short form for tables.</summary>
internal static class LikelihoodSettings
{
    public static IEnumerable<KeyValuePair<string, string>> All(LikelihoodOptions options)
    {
        yield return new("estimator", options.Method.Name);
        yield return new("samples", Text(options.Samples));
        yield return new("round_size", Text(options.RoundSize));
        yield return new("guidance_scale", Text(options.GuidanceScale));
        yield return new("pad_to_context", options.PadToContext ? "on" : "off");
        yield return new("target_standard_error", Text(options.TargetStandardError));
        yield return new("separation_z", Text(options.SeparationZ));
        yield return new("max_samples", Text(options.MaxSamples));
        yield return new("seed", Text(options.Seed));
    }

    public static string Short(LikelihoodOptions options)
    {
        bool samples = options.Method == LikelihoodMethod.ExactCount || options.Method == LikelihoodMethod.MonteCarlo;
        bool adaptive = options.TargetStandardError is not null || options.SeparationZ is not null;
        return options.Method.Name
            + (samples ? $", {Text(options.Samples)}{(adaptive ? $" to {Text(options.MaxSamples)}" : "")} samples" : "")
            + (options.GuidanceScale > 0 ? $", guidance {Text(options.GuidanceScale)}" : "")
            + (options.PadToContext ? ", padded" : "");
    }

    private static string Text(IFormattable? value) => value?.ToString(null, CultureInfo.InvariantCulture) ?? "off";
}
