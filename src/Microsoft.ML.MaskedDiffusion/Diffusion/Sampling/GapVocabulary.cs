using System.Collections.Concurrent;
using System.Numerics;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>
/// Which tokens may fill a gap in a text: those that have text, and among them those with which the bytes of the gap can still become
/// UTF-8, because a token may hold only a part of a character. Ends of sequence, unknown and padding tokens, and ids that the network has
/// and the tokenizer has not, have no text; nor has a token with U+FFFD, which stands for text that was lost. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// The bytes are followed by the automaton of UTF-8 (The Unicode Standard, table 3-7). A token leads from each of its states to one other
/// state, or to none; 0 is the state between two characters. A gap begins and ends in it.
/// </remarks>
internal sealed class GapVocabulary
{
    private const int StateCount = 8;
    private const int NoState = 15;
    private const int NoToken = -1;

    /// <summary>The set of the state between two characters.</summary>
    public const byte Between = 1;

    // A token without text leads from between two characters to there.
    private const uint TextlessWay = 0xFFFF_FFF0;

    private readonly ConcurrentDictionary<(byte Before, byte After), int[]> _forbidden = new();

    private readonly Lazy<HashSet<int>> _vanishing;
    private readonly Lazy<int[]> _forbiddenAlone;

    // For each token four bits a state: the state that it leads to.
    private readonly uint[] _ways;

    // Whether a token has text; false for ids that the tokenizer does not have.
    private readonly bool[] _hasText;

    // For each state the set of states that some token leads to, and for each state the set of those that some token comes from.
    private readonly byte[] _forward = new byte[StateCount], _backward = new byte[StateCount];

    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="count">The number of ids that the network chooses from.</param>
    public GapVocabulary(TextTokenizer tokenizer, int count)
    {
        _ways = new uint[count];
        Array.Fill(_ways, TextlessWay);
        _hasText = new bool[count];
        for (int id = 0; id < Math.Min(count, tokenizer.VocabularySize); id++)
        {
            ReadOnlySpan<byte> bytes = tokenizer.BytesOf(id).Span;
            if (bytes.IsEmpty)
                continue;
            _ways[id] = 0;
            _hasText[id] = bytes.IndexOf("\uFFFD"u8) < 0;
            for (int from = 0; from < StateCount; from++)
            {
                int to = from;
                foreach (byte value in bytes)
                    to = Next(to, value);
                _ways[id] |= (uint)to << (4 * from);
                if (to == NoState || !_hasText[id])
                    continue;
                _forward[from] |= (byte)(1 << to);
                _backward[to] |= (byte)(1 << from);
            }
        }
        WithoutText = [.. Enumerable.Range(0, count).Where(id => !_hasText[id])];
        _vanishing = new Lazy<HashSet<int>>(
            () => [.. Enumerable.Range(0, count).Where(id => _hasText[id] && tokenizer.Decode([id]).Length == 0)]);
        _forbiddenAlone = new Lazy<int[]>(() => [.. Forbidden(Between, Between).Union(_vanishing.Value).Order()]);
    }

    /// <summary>The ids that are no tokens with text, ascending.</summary>
    public int[] WithoutText { get; }

    /// <summary>Whether an id is a token with text.</summary>
    public bool HasText(int id) => _hasText[id];

    /// <summary>Whether a token leads from one of the states before it to one of the states that may follow.</summary>
    public bool Fits(int id, byte before, byte after)
    {
        if (!_hasText[id])
            return false;
        for (uint states = before; states != 0; states &= states - 1)
        {
            int to = (int)(_ways[id] >> (4 * BitOperations.TrailingZeroCount(states))) & 15;
            if (to != NoState && (after >> to & 1) != 0)
                return true;
        }
        return false;
    }

    /// <summary>The state after ids that begin between two characters, as a set.</summary>
    public byte StateAfter(IEnumerable<int> ids) => ids.Aggregate(Between, (states, id) => Step(states, id, NoToken, isForward: true));

    /// <summary>The states from which so many tokens can lead between two characters.</summary>
    public byte StatesBefore(int count)
    {
        byte states = Between;
        // Characters have at most four bytes, so that more tokens change nothing.
        for (int i = 0; i < Math.Min(count, StateCount); i++)
            states = Step(states, NoToken, NoToken, isForward: false);
        return states;
    }

    /// <summary>The ids that <see cref="Fits"/> refuses between two sets of states. Do not change the array.</summary>
    public int[] Forbidden(byte before, byte after) => _forbidden.GetOrAdd(
        (before, after), states => [.. Enumerable.Range(0, _hasText.Length).Where(id => !Fits(id, states.Before, states.After))]);

    /// <summary>
    /// Whether nothing is left of a token that begins a text and stands alone there, such as SentencePiece's mark of a word's beginning.
    /// </summary>
    public bool Vanishes(int id) => _vanishing.Value.Contains(id);

    /// <summary>
    /// The ids that may not fill a gap of one token at the beginning of a text: also those that vanish there. Do not change the array.
    /// </summary>
    public int[] ForbiddenAlone => _forbiddenAlone.Value;

    /// <summary>Whether the ids of a gap, some of them masked, can be whole characters together.</summary>
    public bool CanBeWhole(ReadOnlySpan<int> ids, int maskTokenId)
    {
        byte states = Between;
        foreach (int id in ids)
            states = Step(states, id, maskTokenId, isForward: true);
        return (states & Between) != 0;
    }

    /// <summary>
    /// For each position of a gap the sets of states in which it may begin and end, so that the gap as a whole becomes UTF-8.
    /// </summary>
    /// <param name="tokens">The ids of the row; the mask token stands where nothing is chosen yet.</param>
    /// <param name="gap">The gap.</param>
    /// <param name="maskTokenId">The mask token.</param>
    /// <param name="before">Filled at the gap's positions.</param>
    /// <param name="after">Filled at the gap's positions.</param>
    /// <param name="first">The states in which the gap may begin.</param>
    /// <param name="final">The states in which the gap may end.</param>
    public void Follow(
        ReadOnlySpan<int> tokens, Range gap, int maskTokenId, Span<byte> before, Span<byte> after, byte first = Between,
        byte final = Between)
    {
        (int begin, int last) = (gap.Start.Value, gap.End.Value - 1);
        byte states = first;
        for (int i = begin; i <= last; i++)
        {
            before[i] = states;
            states = Step(states, tokens[i], maskTokenId, isForward: true);
        }
        states = final;
        for (int i = last; i >= begin; i--)
        {
            after[i] = states;
            states = Step(states, tokens[i], maskTokenId, isForward: false);
        }
    }

    private byte Step(byte states, int token, int maskTokenId, bool isForward)
    {
        byte result = 0;
        for (int state = 0; state < StateCount; state++)
        {
            if (token == maskTokenId)
            {
                if ((states >> state & 1) != 0)
                    result |= (isForward ? _forward : _backward)[state];
                continue;
            }
            int to = (int)(_ways[token] >> (4 * state)) & 15;
            if (to == NoState)
                continue;
            if (isForward && (states >> state & 1) != 0)
                result |= (byte)(1 << to);
            else if (!isForward && (states >> to & 1) != 0)
                result |= (byte)(1 << state);
        }
        return result;
    }

    // States 1 to 3 wait for so many continuation bytes. In 4 to 7 the first of them is restricted, after E0, ED, F0 and F4.
    private static int Next(int state, byte value) => state switch
    {
        0 => value switch
        {
            < 0x80 => 0,
            >= 0xC2 and <= 0xDF => 1,
            0xE0 => 4,
            0xED => 5,
            >= 0xE1 and <= 0xEF => 2,
            0xF0 => 6,
            >= 0xF1 and <= 0xF3 => 3,
            0xF4 => 7,
            _ => NoState,
        },
        1 when value is >= 0x80 and <= 0xBF => 0,
        2 when value is >= 0x80 and <= 0xBF => 1,
        3 when value is >= 0x80 and <= 0xBF => 2,
        4 when value is >= 0xA0 and <= 0xBF => 1,
        5 when value is >= 0x80 and <= 0x9F => 1,
        6 when value is >= 0x90 and <= 0xBF => 2,
        7 when value is >= 0x80 and <= 0x8F => 2,
        _ => NoState,
    };
}
