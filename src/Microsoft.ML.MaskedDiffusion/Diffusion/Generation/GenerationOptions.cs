using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How a text is written after a prompt. Checked and copied by whatever takes it; later changes have no effect.
/// </summary>
public sealed class GenerationOptions
{
    private const int MostTokens = 1 << 20, DefaultTokens = 128;

    /// <summary>
    /// The most tokens to write, 0 to 1048576; an end of text counts. Null, the default: 128, or half of the model's context if that is
    /// less and no <see cref="SamplingOptions.BlockLength"/> lets the text be longer; at least <see cref="MinNewTokens"/>.
    /// </summary>
    [JsonPropertyName("MaxNewTokens")]
    public int? MaxNewTokens { get; set; }

    /// <summary>
    /// Tokens before which the model cannot end the text, 0 to <see cref="MaxNewTokens"/>. Default 0.
    /// </summary>
    [JsonPropertyName("MinNewTokens")]
    public int MinNewTokens { get; set; }

    /// <summary>
    /// What is subtracted from the logit of the end of the text, for the choice of tokens and for their order, 0 to 1000. Orders by
    /// confidence otherwise often choose the end of the text first, everywhere. Default 0.
    /// </summary>
    [JsonPropertyName("EndOfTextPenalty")]
    public double EndOfTextPenalty { get; set; }

    /// <summary>
    /// Texts that end the writing. The text ends before the first of them, wherever the borders of tokens lie. Not empty. Default none.
    /// </summary>
    [JsonPropertyName("StopStrings")]
    public IReadOnlyList<string> StopStrings { get; set; } = [];

    /// <summary>
    /// Ids of further tokens that end the text, beside the tokenizer's end of sequence, such as that of a mark behind each turn of a
    /// conversation. They may be written although they have no text, and are not shown. Ids of the vocabulary. Default null: none.
    /// </summary>
    [JsonPropertyName("EndTokens")]
    [OmittedAtDefault]
    public IReadOnlyList<int>? EndTokens { get; set; }

    /// <summary>
    /// How tokens are chosen. The default fits free text: a random order, one token a step, temperature 1, which draws from the model's own
    /// distribution. An autoregressive model writes from left to right whatever the order, count and remasking, and takes the choice of
    /// tokens from here.
    /// </summary>
    [JsonPropertyName("Sampling")]
    public SamplingOptions Sampling { get; set; } = new() { Order = SamplingOrder.Random, Temperature = 1 };

    /// <summary>
    /// Texts in prompts that stand for one token each, by their ids, such as an end of sequence between two turns of a conversation (see
    /// <see cref="ChatTemplate.PromptTokens"/>). What lies between them is tokenized by itself. The texts are not empty, the ids are those
    /// of the vocabulary. Default null: none; prompts are plain text, as the tokenizer reads it (that of a
    /// <c>tokenizer.json</c> takes the names of its special tokens for these).
    /// </summary>
    [JsonPropertyName("PromptTokens")]
    [OmittedAtDefault]
    public IReadOnlyDictionary<string, int>? PromptTokens { get; set; }

    /// <summary>
    /// Whether the model sees the tokens of a prompt's text and nothing else: no beginning or end of sequence is put before them, and a
    /// space at the end stays. So the prompts of published conversation models are read, which have their beginning themselves (see
    /// <see cref="ChatTemplate.PromptStart"/>). An empty prompt begins as others do in any case. Default false.
    /// </summary>
    [JsonPropertyName("LiteralPrompts")]
    [OmittedAtDefault]
    public bool LiteralPrompts { get; set; }

    /// <summary>
    /// What guidance leads away from, where <see cref="SamplingOptions.GuidanceScale"/> is above 0: the unconditional logits are those
    /// after this prompt. Null, the default: those after a masked prompt, or for an autoregressive model after the beginning of a text.
    /// </summary>
    [JsonPropertyName("NegativePrompt")]
    public string? NegativePrompt { get; set; }

    /// <summary>What to do with a prompt that does not fit the model. Default <see cref="InvalidRows.Throw"/>.</summary>
    [JsonPropertyName("InvalidRows")]
    public InvalidRows InvalidRows { get; set; } = InvalidRows.Throw;

    /// <summary>A checked copy, as whatever takes options makes one.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public GenerationOptions Clone()
    {
        OptionCheck.Require(MaxNewTokens is null or (>= 0 and <= MostTokens), nameof(MaxNewTokens), MaxNewTokens,
            "0 to 1048576 tokens, or null for the default");
        OptionCheck.Require(MinNewTokens >= 0 && MinNewTokens <= (MaxNewTokens ?? MostTokens), nameof(MinNewTokens), MinNewTokens,
            MaxNewTokens is null ? "0 to 1048576 tokens" : $"0 to MaxNewTokens ({MaxNewTokens})");
        OptionCheck.Require(EndOfTextPenalty is >= 0 and <= 1000, nameof(EndOfTextPenalty), EndOfTextPenalty, "0 to 1000; 0 is off");
        OptionCheck.RequireObject(StopStrings, nameof(StopStrings), "a list of texts; leave it unset for none");
        for (int i = 0; i < StopStrings.Count; i++)
        {
            OptionCheck.Require(!string.IsNullOrEmpty(StopStrings[i]), $"{nameof(StopStrings)}[{i}]", StopStrings[i],
                "a text of at least one character; leave an empty one out");
        }
        foreach (string text in PromptTokens?.Keys ?? [])
            OptionCheck.Require(text.Length > 0, nameof(PromptTokens), text, "texts of at least one character, with their tokens' ids");
        OptionCheck.RequireObject(Sampling, nameof(Sampling), "a SamplingOptions; leave it unset for the default");
        OptionCheck.Require(NegativePrompt is null || Sampling.GuidanceScale != 0, nameof(NegativePrompt), NegativePrompt,
            "null where Sampling.GuidanceScale is 0, because there is no guidance then");
        OptionCheck.RequireDefined(InvalidRows, nameof(InvalidRows));
        var copy = (GenerationOptions)MemberwiseClone();
        copy.StopStrings = [.. StopStrings];
        copy.EndTokens = EndTokens is null ? null : [.. EndTokens];
        copy.PromptTokens = PromptTokens?.ToDictionary(StringComparer.Ordinal);
        copy.Sampling = Sampling.Clone();
        return copy;
    }

    /// <summary>How many tokens a text may have, by default or as is said.</summary>
    internal int MaxNewTokensIn(int contextLength)
    {
        int room = Sampling.BlockLength is null ? contextLength / 2 : int.MaxValue;
        return MaxNewTokens ?? Math.Max(MinNewTokens, Math.Min(DefaultTokens, room));
    }
}
