using System.Buffers;
using System.Text;

namespace Microsoft.ML.Tokenizers;

public sealed class BpeTokenizer : Tokenizer
{
    private readonly Dictionary<string, int> _vocabulary = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _tokens = [];
    private readonly Dictionary<int, string> _specialTokens = [];
    private readonly BpeWordEncoder _words;
    private readonly PreTokenizer _preTokenizer;
    private readonly Normalizer? _normalizer;
    private readonly string? _endOfSentenceToken;
    private readonly int _beginningOfSentenceId;
    private readonly int _endOfSentenceId;

    private BpeTokenizer(BpeOptions options)
    {
        foreach ((string token, int id) in options.Vocabulary)
        {
            _vocabulary.Add(token, id);
            _tokens.Add(id, token);
        }
        if (_vocabulary.Count == 0)
            throw new InvalidOperationException("The vocabulary cannot be empty.");
        ByteLevel = options.ByteLevel;
        _preTokenizer = options.PreTokenizer ?? PreTokenizer.CreateWordOrNonWord();
        _normalizer = options.Normalizer;
        SpecialTokens = options.SpecialTokens;
        foreach ((string token, int id) in options.SpecialTokens ?? new Dictionary<string, int>())
            _specialTokens.Add(id, token);
        BeginningOfSentenceToken = options.BeginningOfSentenceToken;
        _endOfSentenceToken = options.EndOfSentenceToken;
        _beginningOfSentenceId = Boundary(BeginningOfSentenceToken, "beginning");
        _endOfSentenceId = Boundary(_endOfSentenceToken, "end");
        UnknownToken = options.UnknownToken;
        if (UnknownToken is not null && !_vocabulary.ContainsKey(UnknownToken))
            throw new InvalidOperationException($"Unknown Token '{UnknownToken}' was not present in 'Vocabulary'.");
        _words = new BpeWordEncoder(_vocabulary, ReadMerges(options.Merges ?? []), UnknownToken, SpecialTokens, ByteLevel);
    }

    public IReadOnlyDictionary<string, int>? SpecialTokens { get; }

    public string? UnknownToken { get; }

    public bool ByteLevel { get; }

    public string? BeginningOfSentenceToken { get; }

    public override PreTokenizer? PreTokenizer => _preTokenizer;

    public override Normalizer? Normalizer => _normalizer;

    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary.AsReadOnly();

    public static BpeTokenizer Create(BpeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new BpeTokenizer(options);
    }

    public static BpeTokenizer Create(string vocabFile, string? mergesFile)
    {
        ArgumentNullException.ThrowIfNull(vocabFile);
        using Stream vocabulary = File.OpenRead(vocabFile);
        using Stream? merges = mergesFile is null ? null : File.OpenRead(mergesFile);
        return Create(vocabulary, merges);
    }

    public static BpeTokenizer Create(Stream vocabStream, Stream? mergesStream)
    {
        ArgumentNullException.ThrowIfNull(vocabStream);
        return new BpeTokenizer(new BpeOptions(BpeFiles.ReadVocabulary(vocabStream)) { Merges = mergesStream is null ? null : BpeFiles.ReadMerges(mergesStream) });
    }

    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        ReadOnlySpan<char> input = Normalize(text, textSpan, settings, out string? normalized);
        if (input.IsEmpty)
            return new() { Tokens = [], NormalizedText = normalized };
        var tokens = new List<EncodedToken>();
        if (BeginningOfSentenceToken is not null)
            tokens.Add(new EncodedToken(_beginningOfSentenceId, BeginningOfSentenceToken, 0..0));
        var ids = new List<int>();
        var ends = new List<int>();
        foreach ((int offset, int length) in Pieces(input, settings))
        {
            ids.Clear();
            ends.Clear();
            _words.Encode(input.Slice(offset, length), ids, ends);
            int start = offset;
            for (int i = 0; i < ids.Count; i++)
            {
                tokens.Add(new EncodedToken(ids[i], Token(ids[i]), start..(offset + ends[i])));
                start = offset + ends[i];
            }
        }
        if (_endOfSentenceToken is not null)
            tokens.Add(new EncodedToken(_endOfSentenceId, _endOfSentenceToken, input.Length..input.Length));
        return new() { Tokens = tokens, NormalizedText = normalized, CharsConsumed = input.Length };
    }

    protected override EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        ReadOnlySpan<char> input = Normalize(text, textSpan, settings, out string? normalized);
        if (input.IsEmpty)
            return new() { Tokens = [], NormalizedText = normalized };
        var ids = new List<int>(input.Length / 3 + 2);
        if (BeginningOfSentenceToken is not null)
            ids.Add(_beginningOfSentenceId);
        int consumed = 0;
        foreach ((int offset, int length) in Pieces(input, settings))
        {
            int before = ids.Count;
            _words.Encode(input.Slice(offset, length), ids);
            consumed = offset + length;
            if (ids.Count <= settings.MaxTokenCount)
                continue;
            ids.RemoveRange(before, ids.Count - before);
            var ends = new List<int>();
            _words.Encode(input.Slice(offset, length), ids, ends);
            ids.RemoveRange(settings.MaxTokenCount, ids.Count - settings.MaxTokenCount);
            int kept = ids.Count - before;
            consumed = kept == 0 ? offset : offset + ends[kept - 1];
            break;
        }
        if (_endOfSentenceToken is not null && ids.Count < settings.MaxTokenCount)
            ids.Add(_endOfSentenceId);
        return new() { Tokens = ids, NormalizedText = normalized, CharsConsumed = consumed };
    }

    public override string Decode(IEnumerable<int> ids) => Decode(ids, considerSpecialTokens: true);

    public string Decode(IEnumerable<int> ids, bool considerSpecialTokens)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var bytes = new List<byte>();
        foreach (int id in ids)
        {
            if (_specialTokens.TryGetValue(id, out string? special))
            {
                if (considerSpecialTokens)
                    bytes.AddRange(Encoding.UTF8.GetBytes(special));
            }
            else if (_tokens.TryGetValue(id, out string? token) && (considerSpecialTokens || token != UnknownToken))
            {
                if (ByteLevel)
                    ByteAlphabet.AppendBytes(token, bytes);
                else
                    bytes.AddRange(Encoding.UTF8.GetBytes(token));
            }
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }

    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten) =>
        Decode(ids, destination, considerSpecialTokens: true, out idsConsumed, out charsWritten);

    public OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, bool considerSpecialTokens, out int idsConsumed, out int charsWritten) =>
        DecodeBuffer.Fill(ids, some => Decode(some, considerSpecialTokens), destination, out idsConsumed, out charsWritten);

    private string Token(int id) => _tokens.TryGetValue(id, out string? token) ? token : _specialTokens[id];

    private ReadOnlySpan<char> Normalize(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings, out string? normalized)
    {
        normalized = null;
        ReadOnlySpan<char> input = text is null ? textSpan : text.AsSpan();
        if (_normalizer is null || !settings.ConsiderNormalization || input.IsEmpty)
            return input;
        return normalized = text is null ? _normalizer.Normalize(textSpan) : _normalizer.Normalize(text);
    }

    private IEnumerable<(int, int)> Pieces(ReadOnlySpan<char> text, EncodeSettings settings) =>
        settings.ConsiderPreTokenization ? _preTokenizer.PreTokenize(text) : [(0, text.Length)];

    private int Boundary(string? token, string place)
    {
        int id = 0;
        if (token is not null && !_vocabulary.TryGetValue(token, out id) && SpecialTokens?.TryGetValue(token, out id) != true)
            throw new InvalidOperationException($"The {place} of sentence token '{token}' was not present in the vocabulary.");
        return id;
    }

    private PairMerges ReadMerges(IEnumerable<string> lines)
    {
        var merges = new PairMerges();
        int rank = 0;
        foreach (string line in lines)
        {
            if (line is null)
                throw new InvalidOperationException("The merge entries cannot be null.");
            int space = line.IndexOf(' ');
            if (space < 0 || space == line.Length - 1 || line.IndexOf(' ', space + 1) >= 0)
                throw new InvalidOperationException("Invalid merger file format");
            string left = line[..space], right = line[(space + 1)..];
            merges.Add(Id(left), Id(right), rank++, Id(left + right));
        }
        return merges;

        int Id(string token) => _vocabulary.TryGetValue(token, out int id) ? id
            : throw new InvalidOperationException($"Trying to merge a token '{token}' which not exist in the vocabulary.");
    }
}
