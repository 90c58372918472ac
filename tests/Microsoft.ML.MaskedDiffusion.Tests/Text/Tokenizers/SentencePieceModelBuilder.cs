using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Writes small SentencePiece .model files, protobuf by hand (field numbers of sentencepiece_model.proto).</summary>
internal sealed class SentencePieceModelBuilder
{
    public const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6;

    private readonly List<(string Text, float Score, int Type)> _pieces =
        [("<unk>", 0, Unknown), ("<s>", 0, Control), ("</s>", 0, Control)];

    public int ModelType { get; set; } = 2;

    public bool ByteFallback { get; set; }

    public bool AddDummyPrefix { get; set; } = true;

    public bool RemoveExtraWhitespaces { get; set; }

    public string NormalizerName { get; set; } = "identity";

    public byte[] CharacterMap { get; set; } = [];

    public bool WhitespaceAsSuffix { get; set; }

    public int Count => _pieces.Count;

    public SentencePieceModelBuilder WithBytes()
    {
        ByteFallback = true;
        for (int value = 0; value < 256; value++)
            _pieces.Add(($"<0x{value:X2}>", 0, Byte));
        return this;
    }

    public SentencePieceModelBuilder With(string text, float score, int type = Normal)
    {
        _pieces.Add((text, score, type));
        return this;
    }

    /// <summary>Pieces of one character each, in their order, scored below all merges.</summary>
    public SentencePieceModelBuilder WithCharacters(string characters)
    {
        foreach (char character in characters)
            With(character.ToString(), -1000 - _pieces.Count);
        return this;
    }

    public int Id(string piece) => _pieces.FindIndex(p => p.Text == piece);

    public byte[] Build()
    {
        var model = new List<byte>();
        foreach ((string text, float score, int type) in _pieces)
        {
            var piece = new List<byte>();
            Delimited(piece, 1, Encoding.UTF8.GetBytes(text));
            Varint(piece, 2 << 3 | 5);
            byte[] bits = new byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(bits, score);
            piece.AddRange(bits);
            Number(piece, 3, (ulong)type);
            Delimited(model, 1, [.. piece]);
        }
        var trainer = new List<byte>();
        Number(trainer, 3, (ulong)ModelType);
        Number(trainer, 24, WhitespaceAsSuffix ? 1UL : 0);
        Number(trainer, 35, ByteFallback ? 1UL : 0);
        Number(trainer, 40, 0);
        Number(trainer, 41, 1);
        Number(trainer, 42, 2);
        Delimited(model, 2, [.. trainer]);
        var normalizer = new List<byte>();
        Delimited(normalizer, 1, Encoding.UTF8.GetBytes(NormalizerName));
        if (CharacterMap.Length > 0)
            Delimited(normalizer, 2, CharacterMap);
        Number(normalizer, 3, AddDummyPrefix ? 1UL : 0);
        Number(normalizer, 4, RemoveExtraWhitespaces ? 1UL : 0);
        Number(normalizer, 5, 1);
        Delimited(model, 3, [.. normalizer]);
        return [.. model];
    }

    private static void Number(List<byte> output, int field, ulong value)
    {
        Varint(output, (ulong)field << 3);
        Varint(output, value);
    }

    private static void Delimited(List<byte> output, int field, byte[] content)
    {
        Varint(output, (ulong)field << 3 | 2);
        Varint(output, (ulong)content.Length);
        output.AddRange(content);
    }

    private static void Varint(List<byte> output, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            output.Add((byte)(value | 0x80));
        output.Add((byte)value);
    }
}
