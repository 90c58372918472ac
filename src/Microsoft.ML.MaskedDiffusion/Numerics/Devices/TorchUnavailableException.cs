namespace Microsoft.ML.MaskedDiffusion;

/// <summary>libtorch, the native half of TorchSharp, cannot be loaded. The message says what was looked for and which package to add.</summary>
public sealed class TorchUnavailableException : InvalidOperationException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was looked for and what to do.</param>
    /// <param name="innerException">The failure to load, as TorchSharp reported it.</param>
    public TorchUnavailableException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
