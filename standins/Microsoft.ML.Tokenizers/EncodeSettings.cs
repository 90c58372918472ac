namespace Microsoft.ML.Tokenizers;

public struct EncodeSettings
{
    public EncodeSettings() { }

    public bool ConsiderPreTokenization { get; set; } = true;

    public bool ConsiderNormalization { get; set; } = true;

    public int MaxTokenCount { get; set; } = int.MaxValue;
}
