namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Asserts an error that may come wrapped: a cursor over several threads may report another thread's error inside one of its own.
/// </summary>
internal static class Unwrapped
{
    public static T Throws<T>(Action action)
        where T : Exception
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            for (Exception? inner = e; inner != null; inner = inner.InnerException)
            {
                if (inner is T found)
                    return found;
            }
            Assert.Fail($"Expected {typeof(T).Name}, got {e}");
        }
        throw new AssertFailedException($"Expected {typeof(T).Name}, and nothing was thrown.");
    }
}
