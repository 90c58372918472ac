using System.Text.RegularExpressions;

namespace Mdm;

/// <summary>What an error says, in its own words and without what only programmers need.</summary>
internal static partial class ErrorText
{
    /// <summary>The message of an error without the parameter's name that .NET appends.</summary>
    public static string Of(Exception error)
    {
        string text = error.Message;
        if (error is ArgumentOutOfRangeException && text.IndexOf("\nActual value was ", StringComparison.Ordinal) is > 0 and int end)
            text = text[..end].TrimEnd('\r');
        if (error is UnauthorizedAccessException && Directory.Exists(Quoted().Match(text).Groups[1].Value))
            text += " It is a folder; where a file is wanted, name one.";
        return Parameter().Replace(text, "");
    }

    [GeneratedRegex(@" \(Parameter '[^']*'\)")]
    private static partial Regex Parameter();

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex Quoted();
}
