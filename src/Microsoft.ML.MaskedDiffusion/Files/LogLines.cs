using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>Reads what lines of a log say.</summary>
internal static class LogLines
{
    /// <summary>Converts lines, one at a time as they are asked for.</summary>
    /// <param name="lines">The lines.</param>
    /// <param name="path">The log, for errors.</param>
    /// <param name="firstNumber">The number of the first line in it.</param>
    /// <param name="remedy">What to do about a damaged line, as a sentence.</param>
    /// <param name="convert">Reads a line.</param>
    /// <exception cref="InvalidDataException">A line is damaged; the message names the file and the line.</exception>
    public static IEnumerable<T> Convert<T>(IEnumerable<string> lines, string path, int firstNumber, string remedy, Func<string, T> convert)
    {
        int number = firstNumber;
        foreach (string line in lines)
        {
            T value;
            try
            {
                value = convert(line);
            }
            catch (Exception error) when (error is JsonException or InvalidDataException)
            {
                throw new InvalidDataException($"{path}, line {number}: {error.Message} {remedy}", error);
            }
            yield return value;
            number++;
        }
    }
}
