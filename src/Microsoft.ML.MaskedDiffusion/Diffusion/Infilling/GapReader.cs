using Microsoft.ML.MaskedDiffusion.Text;
using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Infilling;

/// <summary>Reads texts with gaps, and says of those that cannot be filled why. Immutable and thread-safe.</summary>
/// <param name="model">The model that is to fill them.</param>
/// <param name="openLength">The most tokens of a gap that says nothing of its length.</param>
internal sealed class GapReader(MaskedDiffusionModel model, int openLength)
{
    private readonly int[] _start = DocumentStart.Of(model.Tokenizer);

    /// <summary>Reads a text.</summary>
    /// <exception cref="ArgumentNullException">The text is null.</exception>
    public ReadText Read(GappedText given)
    {
        (string text, IReadOnlyList<string>? candidates) = given;
        ArgumentNullException.ThrowIfNull(text, "texts");
        MaskedText encoded;
        try
        {
            encoded = MaskedText.Of(text, _start, model.Tokenizer);
        }
        catch (FormatException error)
        {
            return new ReadText(text, null, new TextFault($": {error.Message}", IsOfFormat: true));
        }
        int context = model.Config.ContextLength;
        if (encoded.LeastLength > context)
            return Refuse($" has {encoded.LeastLength} tokens, gaps included, and the model sees at most {context}",
                "Shorten it, or use a model with a longer context.");
        if (encoded.Sizes.Count == 0)
            return new ReadText(encoded.PlainText, null, null);
        string[]? options = null;
        if (candidates is not null)
        {
            if (CandidateTexts.Fault(candidates) is { } fault)
                return Refuse($" cannot be filled: the list of its candidates {fault}", "Give texts that differ.");
            options = [.. candidates.Where(candidate => !string.IsNullOrEmpty(candidate)).Distinct(StringComparer.Ordinal)];
            long longest = encoded.PlainLength;
            for (int gap = 0; gap < encoded.Sizes.Count; gap++)
            {
                int[] lengths = [.. options.Select(candidate => encoded.Encode(gap, candidate).Length)];
                int empty = Array.IndexOf(lengths, 0);
                if (empty >= 0)
                    return Refuse($" cannot be filled: the tokenizer has no token for its candidate \"{options[empty]}\"", "Leave it out.");
                longest += Math.Max(encoded.Sizes[gap].Minimum, lengths.Max());
            }
            if (longest > context)
                return Refuse($" has up to {longest} tokens with its candidates, and the model sees at most {context}",
                    "Shorten it, or use a model with a longer context.");
        }
        return new ReadText(encoded.PlainText, new GapTask(encoded, options, openLength, context, model.Config.MaskTokenId), null);

        ReadText Refuse(string what, string remedy) =>
            new(text, null, new TextFault($"{what}: \"{TextExcerpt.Of(text)}\". {remedy}", IsOfFormat: false));
    }
}

/// <summary>A text that was read.</summary>
/// <param name="Plain">The text as it is given back where nothing is filled.</param>
/// <param name="Task">Its gaps; null where it has none, or cannot be filled.</param>
/// <param name="Fault">Why it cannot be filled; null where it can.</param>
internal sealed record ReadText(string Plain, GapTask? Task, TextFault? Fault);

/// <summary>Why a text cannot be filled.</summary>
/// <param name="What">The message after the words for the text.</param>
/// <param name="IsOfFormat">Whether a gap is written wrongly.</param>
internal sealed record TextFault(string What, bool IsOfFormat)
{
    /// <summary>The message.</summary>
    public string Message(string subject) => subject + What;

    /// <summary>The exception.</summary>
    public Exception Error(string subject) => IsOfFormat ? new FormatException(Message(subject)) : new ArgumentException(Message(subject));
}
