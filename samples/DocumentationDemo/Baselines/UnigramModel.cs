namespace DocumentationDemo.Baselines;

/// <summary>A unigram model over tokens with add-one smoothing: it knows nothing but token frequencies.</summary>
internal sealed class UnigramModel
{
    private readonly long[] _counts;
    private readonly double _total;

    public UnigramModel(int vocabularySize, IEnumerable<IReadOnlyList<int>> documents)
    {
        _counts = new long[vocabularySize];
        foreach (var document in documents)
        {
            foreach (var token in document)
                _counts[token]++;
        }
        _total = _counts.Sum() + (double)vocabularySize;
        MostFrequentToken = Array.IndexOf(_counts, _counts.Max());
    }

    /// <summary>The most frequent token of the documents.</summary>
    public int MostFrequentToken { get; }

    /// <summary>The negative log-likelihood of the tokens, in nats.</summary>
    public double NegativeLogLikelihood(IEnumerable<int> tokens) => tokens.Sum(token => -Math.Log((_counts[token] + 1) / _total));
}
