namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>
/// Byte pairs by ranks, as in tiktoken: a piece that is a token is that token; else the neighbours whose joint bytes have the lowest rank
/// merge first, the leftmost among equals. Text and tokens are written in the alphabet of bytes.
/// </summary>
internal sealed class RankModel(Dictionary<string, int> ranks) : ITokenModel
{
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ranks =
        ranks.GetAlternateLookup<ReadOnlySpan<char>>();

    public IReadOnlyDictionary<string, int> Vocabulary => ranks;

    public int? UnknownId => null;

    public void Tokenize(string piece, List<TokenSpan> tokens)
    {
        if (ranks.TryGetValue(piece, out int whole))
            tokens.Add(new TokenSpan(whole, 0, piece.Length));
        else
            new Run(this, piece).Cut(tokens);
    }

    private sealed class Run(RankModel model, string piece) : MergeRun(piece)
    {
        public void Cut(List<TokenSpan> tokens)
        {
            Array.Fill(Length, 1);
            Merge();
            for (int at = 0; at < Text.Length; at += Length[at])
                tokens.Add(new TokenSpan(model._ranks[Text.AsSpan(at, Length[at])], at, Length[at]));
        }

        protected override bool TryOrder(int left, int right, out float order)
        {
            bool found = model._ranks.TryGetValue(Text.AsSpan(left, Length[left] + Length[right]), out int rank);
            order = rank;
            return found;
        }
    }
}
