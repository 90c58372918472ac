using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>
/// Makes a tokenizer of Hugging Face's tokenizer.json. The tokens that begin and end a text are those that special_tokens_map.json and
/// tokenizer_config.json name, else those that the file's template puts before and after a text.
/// </summary>
internal static class HuggingFaceReader
{
    public static TextTokenizer Read(IReadOnlyDictionary<string, byte[]> files)
    {
        Dictionary<string, byte[]> kept = TokenizerFiles.Kept(files, TokenizerFiles.HuggingFace, TokenizerFiles.Settings);
        using JsonDocument document = TokenizerJsonFile.ParseObject(TokenizerFiles.HuggingFace, kept[TokenizerFiles.HuggingFace],
            "a JSON object with a model");
        TokenizerPipeline pipeline = PipelineReader.Read(document.RootElement);
        (int? beginning, int? end) = SpecialTokens.Read(kept, pipeline.IdOf);
        (bool known, int? before, int? after) = Template(document.RootElement, pipeline);
        bool? adds = SpecialTokens.AddsBeginning(kept);
        if (adds == false)
            beginning = null;
        else if (known && adds is null)
            beginning = before;
        end ??= after ?? (beginning is null ? pipeline.IdOf(ByteLevelVocabulary.EndOfText) : null);
        return new PipelineTextTokenizer(pipeline, beginning == end ? null : beginning, end, kept);
    }

    // Which tokens the file itself puts around one text, if it has a step that could.
    private static (bool Known, int? Before, int? After) Template(JsonElement root, TokenizerPipeline pipeline)
    {
        if (!root.TryGetProperty("post_processor", out JsonElement element) || element.ValueKind != JsonValueKind.Object)
            return (false, null, null);
        foreach (JsonNode node in Steps(new JsonNode(element, "post_processor")))
        {
            switch (node.Text("type", ""))
            {
                case "TemplateProcessing":
                    return (true, Around(node, pipeline, before: true), Around(node, pipeline, before: false));
                case "BertProcessing" or "RobertaProcessing":
                    return (true, Pair(node, "cls", pipeline), Pair(node, "sep", pipeline));
            }
        }
        return (true, null, null);
    }

    private static IEnumerable<JsonNode> Steps(JsonNode node) =>
        node.Text("type", "") == "Sequence" ? node.Children("processors").SelectMany(Steps) : [node];

    private static int? Around(JsonNode node, TokenizerPipeline pipeline, bool before)
    {
        int? last = null;
        bool seen = false;
        foreach (JsonNode part in node.Children("single"))
        {
            if (part.Has("Sequence"))
            {
                if (before)
                    return last;
                seen = true;
            }
            else if (part.Has("SpecialToken") && before != seen)
                last = pipeline.IdOf(part.Child("SpecialToken").Text("id"));
        }
        return before ? null : last;
    }

    private static int? Pair(JsonNode node, string name, TokenizerPipeline pipeline)
    {
        JsonNode pair = node.Child(name);
        return pair.Element.ValueKind == JsonValueKind.Array && pair.Element.GetArrayLength() == 2
            ? pipeline.IdOf(new JsonNode(pair.Element[0], pair.Place).AsText()) : throw pair.Bad("is no pair of a token and its id");
    }
}
