using Spectre.Console;

namespace ConsoleView;

/// <summary>The colours of tokens: from orange for unsure to blue for sure, which the colour-blind tell apart too.</summary>
internal static class TokenColors
{
    /// <summary>The colours, each for a fifth of the probabilities from 0 to 1.</summary>
    public static readonly IReadOnlyList<Color> Scale =
    [
        new(229, 83, 45), new(226, 133, 41), new(181, 156, 66), new(92, 160, 148), new(58, 148, 222),
    ];

    /// <summary>What is beside the text.</summary>
    public static readonly Style Dim = new(Color.Grey50);

    /// <summary>The prompt.</summary>
    public static readonly Style Prompt = new(Color.Grey50, decoration: Decoration.Italic);

    /// <summary>A token.</summary>
    /// <param name="probability">Its probability when it was chosen, 0 to 1.</param>
    /// <param name="isChanged">Whether the last step has chosen it.</param>
    public static Style Of(double probability, bool isChanged)
    {
        Color color = Scale[Math.Clamp((int)(probability * Scale.Count), 0, Scale.Count - 1)];
        return isChanged ? new Style(Color.Grey0, color) : new Style(color);
    }

    /// <summary>A masked position.</summary>
    /// <param name="isAgain">Whether it was filled before.</param>
    public static Style OfMask(bool isAgain) => new(isAgain ? Color.MediumPurple : Color.Grey50);

    /// <summary>A sign in place of a character of a style.</summary>
    public static Style Sign(Style style) => new(style.Foreground, style.Background, Decoration.Dim);
}
