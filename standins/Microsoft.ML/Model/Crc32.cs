namespace Microsoft.ML.Data;

/// <summary>The checksum zip entries carry; the framework's zip reader does not compare it, so the repository does.</summary>
internal static class Crc32
{
    private static readonly uint[] _table = BuildTable();

    // Eight tables so that eight bytes are folded at a time: model entries run to tens of megabytes.
    private static uint[] BuildTable()
    {
        var table = new uint[8 * 256];
        for (uint i = 0; i < 256; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? 0xEDB88320u ^ (value >> 1) : value >> 1;
            table[i] = value;
        }
        for (int slice = 1; slice < 8; slice++)
            for (int i = 0; i < 256; i++)
            {
                uint previous = table[(slice - 1) * 256 + i];
                table[slice * 256 + i] = table[previous & 0xFF] ^ (previous >> 8);
            }
        return table;
    }

    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var t = _table;
        uint crc = 0xFFFFFFFFu;
        while (bytes.Length >= 8)
        {
            uint low = BitConverter.ToUInt32(bytes) ^ crc, high = BitConverter.ToUInt32(bytes[4..]);
            crc = t[7 * 256 + (low & 0xFF)] ^ t[6 * 256 + ((low >> 8) & 0xFF)] ^ t[5 * 256 + ((low >> 16) & 0xFF)] ^ t[4 * 256 + (low >> 24)]
                ^ t[3 * 256 + (high & 0xFF)] ^ t[2 * 256 + ((high >> 8) & 0xFF)] ^ t[256 + ((high >> 16) & 0xFF)] ^ t[high >> 24];
            bytes = bytes[8..];
        }
        foreach (byte b in bytes) crc = t[(crc ^ b) & 0xFF] ^ (crc >> 8);
        return ~crc;
    }
}
