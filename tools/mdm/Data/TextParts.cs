namespace Mdm.Data;

/// <summary>Work on many texts, some at a time, so that results are there before all are done.</summary>
internal static class TextParts
{
    private const int Together = 32;

    /// <summary>Does the work on one part after the other, and says how far it came where it is interrupted.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="context">What the command has.</param>
    /// <param name="work">Takes the parts in turn; a part is done when the next one is taken.</param>
    /// <param name="together">The texts of a part.</param>
    /// <param name="kind">What messages call the texts.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="OperationCanceledException">It was interrupted before any part was done.</exception>
    public static int Run<T>(
        IReadOnlyCollection<T> texts, ToolContext context, Action<IEnumerable<T[]>> work, int together = Together, string kind = "texts")
    {
        int done = 0;
        try
        {
            work(Parts());
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (done > 0)
        {
            context.Say($"Interrupted after {done} of {texts.Count} {kind}.");
            return ExitCode.Interrupted;
        }

        IEnumerable<T[]> Parts()
        {
            foreach (T[] part in texts.Chunk(together))
            {
                yield return part;
                done += part.Length;
            }
        }
    }
}
