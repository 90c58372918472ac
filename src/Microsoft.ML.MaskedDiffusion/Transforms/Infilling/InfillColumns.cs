namespace Microsoft.ML.MaskedDiffusion.Transforms.Infilling;

/// <summary>What the infill transform adds to a row.</summary>
internal static class InfillColumns
{
    public static OutputTable<InfillOptions, FilledText> Table { get; } = new OutputTable<InfillOptions, FilledText>()
        .Text(nameof(InfillOptions.OutputColumnName), options => options.OutputColumnName, InfillOutput.FilledName, filled => filled.Text)
        .Single(nameof(InfillOptions.LogProbabilityColumnName), options => options.LogProbabilityColumnName,
            InfillDetailsOutput.LogProbabilityName, filled => (float)filled.LogProbability, isOptional: true)
        .Texts(nameof(InfillOptions.SamplesColumnName), options => options.SamplesColumnName,
            InfillDetailsOutput.SamplesName, SamplesOf, isOptional: true)
        .Vector(nameof(InfillOptions.SampleLogProbabilitiesColumnName), options => options.SampleLogProbabilitiesColumnName,
            InfillDetailsOutput.SampleLogProbabilitiesName, options => options.Samples, LogProbabilitiesOf, isOptional: true)
        .Text(nameof(InfillOptions.ErrorColumnName), options => options.ErrorColumnName,
            InfillDetailsOutput.ErrorName, filled => filled.Error ?? "", isOptional: true);

    /// <summary>The draws' texts.</summary>
    public static string[] SamplesOf(FilledText filled) => [.. filled.Samples.Select(sample => sample.Text)];

    /// <summary>The draws' log-probabilities, nats.</summary>
    public static float[] LogProbabilitiesOf(FilledText filled) => [.. filled.Samples.Select(sample => (float)sample.LogProbability)];
}
