namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// An order of blocks without those that hold no text. A position is reached by going through all positions before it, which reads no data.
/// Not thread-safe.
/// </summary>
/// <param name="all">The order of all blocks, some of which come up again and again and are text.</param>
/// <param name="textBlock">The number that a block has among those of text; null if it is none of them.</param>
internal sealed class TextBlockOrder(IBlockOrder all, Func<int, int?> textBlock) : IBlockOrder
{
    private long _next, _position = -1;
    private int _current;

    public int this[long position]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(position);
            if (position < _position)
                (_next, _position) = (0, -1);
            while (_position < position)
            {
                if (textBlock(all[_next++]) is not { } block)
                    continue;
                _current = block;
                _position++;
            }
            return _current;
        }
    }
}
