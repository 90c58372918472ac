namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>The template itself refuses what it is given, by raise_exception.</summary>
/// <param name="message">What it says.</param>
internal sealed class JinjaRaisedException(string message) : Exception(message);
