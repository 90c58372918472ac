namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>
/// A set of strings, walked unit by unit from a start: UTF-16 units of text, or bytes. Each string has a value of 0 or more.
/// </summary>
internal sealed class UnitTrie
{
    private readonly Dictionary<ulong, int> _children = [];
    private readonly List<int> _values = [-1];

    /// <summary>Whether no string was added.</summary>
    public bool IsEmpty => _values.Count == 1;

    /// <summary>Adds a string of UTF-16 units. A value that it had is replaced.</summary>
    public void Add(ReadOnlySpan<char> units, int value)
    {
        int node = 0;
        foreach (char unit in units)
            node = Grow(node, unit);
        _values[node] = value;
    }

    /// <summary>Adds a string of bytes. A trie has strings of one kind.</summary>
    public void Add(ReadOnlySpan<byte> units, int value)
    {
        int node = 0;
        foreach (byte unit in units)
            node = Grow(node, unit);
        _values[node] = value;
    }

    /// <summary>The node after one more unit, or -1 where no string goes on. Walks start at node 0.</summary>
    public int Next(int node, int unit) => _children.TryGetValue(Key(node, unit), out int next) ? next : -1;

    /// <summary>The value of the string that ends at a node, or -1 where none ends.</summary>
    public int ValueAt(int node) => _values[node];

    /// <summary>Length of the longest string that the units begin with, 0 if there is none, and its value.</summary>
    public int Longest(ReadOnlySpan<char> units, out int value)
    {
        (int node, int longest) = (0, 0);
        value = -1;
        for (int i = 0; i < units.Length && (node = Next(node, units[i])) >= 0; i++)
        {
            if (_values[node] >= 0)
                (longest, value) = (i + 1, _values[node]);
        }
        return longest;
    }

    /// <summary>Length of the longest string that the bytes begin with, 0 if there is none.</summary>
    public int Longest(ReadOnlySpan<byte> units)
    {
        (int node, int longest) = (0, 0);
        for (int i = 0; i < units.Length && (node = Next(node, units[i])) >= 0; i++)
        {
            if (_values[node] >= 0)
                longest = i + 1;
        }
        return longest;
    }

    private int Grow(int node, int unit)
    {
        if (_children.TryGetValue(Key(node, unit), out int next))
            return next;
        next = _values.Count;
        _children.Add(Key(node, unit), next);
        _values.Add(-1);
        return next;
    }

    private static ulong Key(int node, int unit) => (ulong)(uint)node << 16 | (uint)unit;
}
