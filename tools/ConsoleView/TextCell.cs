using Spectre.Console;

namespace ConsoleView;

/// <summary>A piece of a line that is never cut.</summary>
/// <param name="Text">What is shown.</param>
/// <param name="Width">Columns in the console, 0 to 2 for a character.</param>
/// <param name="Style">How it is shown.</param>
internal readonly record struct TextCell(string Text, int Width, Style Style)
{
    /// <summary>Whether the line ends behind it.</summary>
    public bool EndsLine { get; init; }

    /// <summary>Whether a line may be broken behind it.</summary>
    public bool IsSpace { get; init; }

    /// <summary>Whether it is a part of a token, and no masked position.</summary>
    public bool IsWritten { get; init; }
}
