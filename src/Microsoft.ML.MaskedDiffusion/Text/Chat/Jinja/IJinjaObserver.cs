namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>Is told what a template looks for in texts, on which its result can then depend.</summary>
internal interface IJinjaObserver
{
    /// <summary>It is asked whether two texts are equal.</summary>
    /// <param name="one">A text.</param>
    /// <param name="two">The other text.</param>
    /// <param name="line">The line of the template.</param>
    void Compared(string one, string two, int line);

    /// <summary>A text is looked for in another one.</summary>
    /// <param name="text">The text.</param>
    /// <param name="pattern">What is looked for.</param>
    /// <param name="line">The line of the template.</param>
    void Searched(string text, string pattern, int line);

    /// <summary>Something else is asked of a text, such as its length or one of its characters.</summary>
    /// <param name="text">The text.</param>
    /// <param name="what">What is asked.</param>
    /// <param name="line">The line of the template.</param>
    void Measured(string text, string what, int line);
}
