using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Prompts;

/// <summary>Reads ShareGPT: the first question and reply of each conversation, in FastChat's vicuna_v1.1 template.</summary>
internal sealed class ShareGptReader : FineTuningReader
{
    private protected override IEnumerable<FineTuningRecord> Records(string path) =>
        BeginsArray(path) ? JsonArrayFile.Read(path, Convert) : JsonLines.Read(path, (row, _) => Convert(row));

    private static bool BeginsArray(string path)
    {
        using var reader = new StreamReader(path);
        int character;
        do
            character = reader.Read();
        while (character >= 0 && char.IsWhiteSpace((char)character));
        return character == '[';
    }

    private static FineTuningRecord Convert(JsonElement row)
    {
        JsonElement turns = row.Field("conversations");
        if (turns.ValueKind != JsonValueKind.Array)
            throw new InvalidDataException($"field 'conversations' should be a list of turns, but is {turns.ValueKind}");
        if (turns.GetArrayLength() < 2)
            return FineTuningRecord.Skip("with fewer than 2 turns");
        if (turns[0].Text("from") != "human" || turns[1].Text("from") != "gpt")
            return FineTuningRecord.Skip("that do not begin with human and gpt");
        return FineTuningRecord.Of(new FineTuningRow(VicunaPrompt.Of(turns[0].Text("value")), "", turns[1].Text("value")));
    }
}
