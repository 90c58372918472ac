namespace Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

/// <summary>
/// A network made ready for many small questions, as text generation asks them. Opening one costs memory and time that each question then
/// saves: on the kernels of the processor all matrices but the embedding are packed once more, so that the weights take twice their memory
/// until the session is disposed. The network's weights and precision must not change while a session is open; the network may be disposed,
/// and its memory then stays until the session is disposed too. Thread-safe.
/// </summary>
internal interface INetworkSession : IDisposable
{
    /// <summary>The network's shape.</summary>
    TransformerConfig Config { get; }

    /// <summary>An empty cache of one row's keys and values, which no other network session takes.</summary>
    /// <param name="capacity">The positions it has room for, 1 to the context's length.</param>
    KeyValueCache NewCache(int capacity);

    /// <summary>
    /// The states that the output layer reads at all asked places, part after part. The parts go through the network's products together.
    /// On the processor a part's states have the same bits whatever the other parts are; without a cache they are those
    /// of <see cref="TransformerNetwork.HiddenAt"/>, and with one, an autoregressive network's are those of the whole row.
    /// </summary>
    /// <exception cref="ArgumentException">A part is not as <see cref="SequencePart"/> says, or its cache is another session's.</exception>
    /// <exception cref="InvalidOperationException">
    /// A cache is used twice at a time, or a part reads a position that its cache does not have.
    /// </exception>
    NetworkStates States(IReadOnlyList<SequencePart> parts);

    /// <summary>
    /// Hands the logits of states to <paramref name="reader"/>: those of the rows in <paramref name="rows"/>, c, or, where
    /// <paramref name="unconditional"/> names a second row of each, u, the guided ones: u + (1 + <paramref name="guidanceScale"/>) (c - u).
    /// Only a slice of the logits exists at a time.
    /// </summary>
    void ReadLogits(NetworkStates states, int[] rows, int[]? unconditional, double guidanceScale, LogitRowReader reader);
}

/// <summary>
/// Takes the logits [vocabulary] of the row at an index, which are valid during the call only. Called once for each index, maybe from
/// several threads at once.
/// </summary>
internal delegate void LogitRowReader(int index, ReadOnlySpan<float> logits);
