using System.Globalization;
using System.Text.RegularExpressions;
using Mdm.Settings;

namespace Mdm;

/// <summary>What an error says, in its own words and without what only programmers need.</summary>
internal static partial class ErrorText
{
    /// <summary>
    /// The message of an error without what .NET appends: a parameter's name, and a place in JSON as programmers count it.
    /// </summary>
    public static string Of(Exception error)
    {
        string text = error.Message;
        if (error is ArgumentOutOfRangeException && text.IndexOf("\nActual value was ", StringComparison.Ordinal) is > 0 and int end)
            text = text[..end].TrimEnd('\r');
        if (error is UnauthorizedAccessException && Directory.Exists(Quoted().Match(text).Groups[1].Value))
            text += " It is a folder; where a file is wanted, name one.";
        text = JsonPlace().Replace(Parameter().Replace(text, ""), Place);
        return TwoStops().Replace(text, ".");
    }

    /// <summary>The same, with the options of the library named as those of a command. The tool's own messages do so already.</summary>
    public static string Of(Exception error, ToolCommand? command)
    {
        string text = Of(error);
        if (error is UsageException || command is null)
            return text;
        // A parameter of a method has the name of the setting that is handed to it.
        string? parameter = (error as ArgumentException)?.ParamName;
        if (parameter is { Length: > 0 } && text.StartsWith(parameter + " ", StringComparison.Ordinal))
        {
            string said = command.InOwnWords("Option " + char.ToUpperInvariant(text[0]) + text[1..]);
            if (!said.StartsWith("Option ", StringComparison.Ordinal))
                return said;
        }
        return command.InOwnWords(text);
    }

    // .NET counts lines and bytes from 0.
    private static string Place(Match match)
    {
        long Number(string group) => long.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture) + 1;
        string line = match.Groups["line"].Value == "0" ? "" : $"line {Number("line")}, ";
        return $" ({line}byte {Number("byte")}).";
    }

    [GeneratedRegex(@" \(Parameter '[^']*'\)")]
    private static partial Regex Parameter();

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\.?( Path: [^|\n]* \|)? LineNumber: (?<line>\d+) \| BytePositionInLine: (?<byte>\d+)\.")]
    private static partial Regex JsonPlace();

    [GeneratedRegex(@"(?<=[\w)])\.\.(?=\s|$)")]
    private static partial Regex TwoStops();
}
