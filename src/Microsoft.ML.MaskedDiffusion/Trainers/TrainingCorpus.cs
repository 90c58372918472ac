using Microsoft.ML.MaskedDiffusion.Corpora;

namespace Microsoft.ML.MaskedDiffusion.Trainers;

/// <summary>What a run trains on, whichever way it was given. Disposes what it was read from.</summary>
internal sealed class TrainingCorpus(TextTokenizer tokenizer, ITokenBlocks blocks, ITokenBlocks? validation) : IDisposable
{
    public TextTokenizer Tokenizer => tokenizer;

    public ITokenBlocks Blocks => blocks;

    public ITokenBlocks? Validation => validation;

    /// <summary>Documents of the training text; 0 where there was no text.</summary>
    public long Documents { get; init; }

    /// <summary>Rows of it left out because they held no text.</summary>
    public long EmptyRows { get; init; }

    /// <summary>Rows of it left out because they were too long.</summary>
    public long LongRows { get; init; }

    /// <summary>Closed with the corpus, in this order.</summary>
    public IReadOnlyList<IDisposable> Held { get; init; } = [];

    public void Dispose()
    {
        foreach (IDisposable held in Held)
            held.Dispose();
    }
}
