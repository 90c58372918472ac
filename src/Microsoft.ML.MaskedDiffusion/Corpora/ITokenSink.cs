namespace Microsoft.ML.MaskedDiffusion.Corpora;

/// <summary>Takes token ids one after another.</summary>
internal interface ITokenSink
{
    /// <exception cref="ArgumentOutOfRangeException">An id is none of the vocabulary.</exception>
    void Append(ReadOnlySpan<int> ids);
}
