namespace Microsoft.ML.Tokenizers;

internal enum SentencePieceModelType { Unigram = 1, Bpe = 2, Word = 3, Char = 4 }

internal enum SentencePieceType : byte { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 }

/// <summary>What a SentencePiece .model file (protobuf message ModelProto) says, with the format's defaults where it says nothing.</summary>
internal sealed class SentencePieceModelFile
{
    public List<(string Piece, float Score, SentencePieceType Type)> Pieces { get; } = [];

    public SentencePieceModelType ModelType { get; private set; } = SentencePieceModelType.Unigram;

    public bool TreatWhitespaceAsSuffix { get; private set; }

    public bool ByteFallback { get; private set; }

    public int UnknownId { get; private set; }

    public int BeginningId { get; private set; } = 1;

    public int EndId { get; private set; } = 2;

    public string UnknownPiece { get; private set; } = "<unk>";

    public string BeginningPiece { get; private set; } = "<s>";

    public string EndPiece { get; private set; } = "</s>";

    public string NormalizerName { get; private set; } = "";

    public bool HasCharacterMap { get; private set; }

    public bool AddDummyPrefix { get; private set; } = true;

    public bool RemoveExtraWhitespaces { get; private set; } = true;

    public bool EscapeWhitespaces { get; private set; } = true;

    public static SentencePieceModelFile Read(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var buffer = new MemoryStream();
        stream.CopyTo(buffer);
        var file = new SentencePieceModelFile();
        var reader = new ProtobufReader(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: file.ReadPiece(reader.Bytes); break;
                case 2: file.ReadTrainer(reader.Bytes); break;
                case 3: file.ReadNormalizer(reader.Bytes); break;
            }
        }
        return file;
    }

    private void ReadPiece(ReadOnlySpan<byte> message)
    {
        var piece = (Text: "", Score: 0f, Type: SentencePieceType.Normal);
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: piece.Text = reader.Text; break;
                case 2: piece.Score = reader.Single; break;
                case 3: piece.Type = (SentencePieceType)reader.Int32; break;
            }
        }
        Pieces.Add(piece);
    }

    private void ReadTrainer(ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 3: ModelType = (SentencePieceModelType)reader.Int32; break;
                case 24: TreatWhitespaceAsSuffix = reader.Boolean; break;
                case 35: ByteFallback = reader.Boolean; break;
                case 40: UnknownId = reader.Int32; break;
                case 41: BeginningId = reader.Int32; break;
                case 42: EndId = reader.Int32; break;
                case 45: UnknownPiece = reader.Text; break;
                case 46: BeginningPiece = reader.Text; break;
                case 47: EndPiece = reader.Text; break;
            }
        }
    }

    private void ReadNormalizer(ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: NormalizerName = reader.Text; break;
                case 2: HasCharacterMap = !reader.Bytes.IsEmpty; break;
                case 3: AddDummyPrefix = reader.Boolean; break;
                case 4: RemoveExtraWhitespaces = reader.Boolean; break;
                case 5: EscapeWhitespaces = reader.Boolean; break;
            }
        }
    }
}
