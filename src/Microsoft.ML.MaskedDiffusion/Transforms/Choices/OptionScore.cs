namespace Microsoft.ML.MaskedDiffusion.Transforms.Choices;

/// <summary>The scores of one option: what options are compared by and its standard error, nats, nats per character, nats per byte, its share.</summary>
internal readonly record struct OptionScore(float Score, float StandardError, float LogLikelihood, float PerCharacter, float PerByte, float Probability)
{
    /// <summary>An option that is not there: the lowest finite number in place of scores, since ML.NET's evaluators drop rows with infinities.</summary>
    public static OptionScore Absent { get; } = new(float.MinValue, 0, float.MinValue, float.MinValue, float.MinValue, 0);
}
