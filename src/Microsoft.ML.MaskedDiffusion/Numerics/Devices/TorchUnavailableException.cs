namespace Microsoft.ML.MaskedDiffusion;

/// <summary>libtorch, the native half of TorchSharp, cannot be loaded. The message says which library, why, and what to do.</summary>
public sealed class TorchUnavailableException : InvalidOperationException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which library cannot be loaded, why, and what to do.</param>
    /// <param name="innerException">The failure to load, as TorchSharp reported it.</param>
    public TorchUnavailableException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
