using System.Buffers;

namespace Microsoft.ML.Tokenizers;

/// <summary>Decoding into a caller's buffer on top of decoding to a string: what does not fit is left for the next call, in whole tokens.</summary>
internal static class DecodeBuffer
{
    public static OperationStatus Fill(IEnumerable<int> ids, Func<IEnumerable<int>, string> decode, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        ArgumentNullException.ThrowIfNull(ids);
        List<int> all = [.. ids];
        string text = decode(all);
        int fitting = all.Count;
        if (text.Length > destination.Length)
        {
            int low = 0, high = all.Count;
            while (low < high)
            {
                int middle = (low + high + 1) / 2;
                if (decode(all.Take(middle)).Length <= destination.Length)
                    low = middle;
                else
                    high = middle - 1;
            }
            fitting = low;
            text = decode(all.Take(fitting));
        }
        text.CopyTo(destination);
        (idsConsumed, charsWritten) = (fitting, text.Length);
        return fitting == all.Count ? OperationStatus.Done : OperationStatus.DestinationTooSmall;
    }
}
