using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Builds the smallest 64-bit ELF library with one version requirement on libstdc++, byte by byte as the ELF format says.
/// </summary>
internal sealed class ElfLibrary
{
    private const int HeaderLength = 64, SectionHeaderLength = 64, SymbolLength = 24;
    private readonly List<byte> _strings = [0];
    private readonly List<(string Name, ushort Version)> _symbols = [("", 0)];
    private readonly List<int> _relocated = [];

    public string Version { get; init; } = "GLIBCXX_3.4.32";

    public ushort Flags { get; init; }

    /// <summary>
    /// Adds an undefined symbol of the required version (2) or of none (1); with a relocation where something refers to it.
    /// </summary>
    public ElfLibrary Add(string symbol, bool versioned, bool relocated = false)
    {
        _symbols.Add((symbol, (ushort)(versioned ? 2 : 1)));
        if (relocated)
            _relocated.Add(_symbols.Count - 1);
        return this;
    }

    /// <summary>The file's bytes, and where the flags of the requirement are in them.</summary>
    public (byte[] Bytes, int FlagsOffset) Build()
    {
        byte[] symbols = new byte[_symbols.Count * SymbolLength], versions = new byte[_symbols.Count * 2];
        for (int i = 0; i < _symbols.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(symbols.AsSpan(i * SymbolLength), Text(_symbols[i].Name));
            BinaryPrimitives.WriteUInt16LittleEndian(versions.AsSpan(i * 2), _symbols[i].Version);
        }
        byte[] relocations = new byte[_relocated.Count * SymbolLength];
        for (int i = 0; i < _relocated.Count; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(relocations.AsSpan((i * SymbolLength) + 8), (ulong)_relocated[i] << 32 | 6);
        byte[] needs = new byte[32];
        BinaryPrimitives.WriteUInt16LittleEndian(needs.AsSpan(0), 1);
        BinaryPrimitives.WriteUInt16LittleEndian(needs.AsSpan(2), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(needs.AsSpan(4), Text("libstdc++.so.6"));
        BinaryPrimitives.WriteUInt32LittleEndian(needs.AsSpan(8), 16);
        BinaryPrimitives.WriteUInt16LittleEndian(needs.AsSpan(16 + 4), Flags);
        BinaryPrimitives.WriteUInt16LittleEndian(needs.AsSpan(16 + 6), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(needs.AsSpan(16 + 8), Text(Version));

        (uint Type, byte[] Content, uint Link)[] sections =
        [
            (0, [], 0), (3, [.. _strings], 0), (11, symbols, 1), (0x6fffffff, versions, 2), (0x6ffffffe, needs, 1), (4, relocations, 2),
        ];
        var file = new List<byte>(new byte[HeaderLength]);
        var headers = new List<byte>();
        int flags = 0;
        foreach ((uint type, byte[] content, uint link) in sections)
        {
            if (type == 0x6ffffffe)
                flags = file.Count + 20;
            byte[] header = new byte[SectionHeaderLength];
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), type);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(0x18), file.Count);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(0x20), content.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(0x28), link);
            headers.AddRange(header);
            file.AddRange(content);
        }
        int start = file.Count;
        file.AddRange(headers);
        byte[] bytes = [.. file];
        byte[] magic = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        magic.CopyTo(bytes, 0);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(0x28), start);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(0x3a), SectionHeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(0x3c), (ushort)sections.Length);
        return (bytes, flags);
    }

    private uint Text(string text)
    {
        uint offset = (uint)_strings.Count;
        _strings.AddRange(Encoding.ASCII.GetBytes(text));
        _strings.Add(0);
        return offset;
    }
}
