namespace Samples.Shared;

/// <summary>Headings in the output of the samples.</summary>
internal static class SampleConsole
{
    public static void Heading(string text) => Console.WriteLine($"\n== {text}");
}
