using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A copy of a tiny published model with a tokenizer of whole words beside it, which the recorded folders lack.</summary>
internal sealed class PublishedFolder : IDisposable
{
    public const string MaskToken = "<|mask|>", EndToken = "<|endoftext|>";

    /// <summary>The folders of the recorded models.</summary>
    public static readonly string[] Names = ["llada", "dream", "a2d-qwen2", "a2d-qwen3", "a2d-llama", "modernbert"];

    // What was computed with the models, which their folders do not have.
    private static readonly string[] Figures = ["golden", "samplers", "likelihood"];

    private const int VocabularySize = 120;
    private readonly TemporaryFolder _folder = new();

    public PublishedFolder(string name)
    {
        Path = _folder.File(name);
        Write(name, Path);
    }

    public string Path { get; }

    /// <summary>Writes the files of a recorded model, with a tokenizer, into a new folder.</summary>
    public static void Write(string name, string path)
    {
        Directory.CreateDirectory(path);
        foreach (string file in Directory.GetFiles(System.IO.Path.Combine(Golden.Folder, "published", name)))
        {
            if (!Figures.Any(figure => System.IO.Path.GetFileName(file).StartsWith(figure, StringComparison.Ordinal)))
                File.Copy(file, System.IO.Path.Combine(path, System.IO.Path.GetFileName(file)));
        }
        WriteTokenizer(path, MaskIdOf(name), EndIdOf(name));
    }

    /// <summary>The mask token's id of a recorded model.</summary>
    public static int MaskIdOf(string name) => name switch
    {
        "dream" => 116,
        "modernbert" => 114,
        _ => 117,
    };

    /// <summary>Changes a JSON file of the folder.</summary>
    public void Edit(string file, Action<JsonObject> change)
    {
        string path = System.IO.Path.Combine(Path, file);
        JsonObject json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    public MaskedDiffusionModel Load(WeightType weightType = WeightType.Automatic) => MaskedDiffusionModel.Load(Path, "cpu", weightType);

    public void Dispose() => _folder.Dispose();

    private static int EndIdOf(string name) => name is "llada" or "dream" ? 110 : 112;

    private static void WriteTokenizer(string path, int mask, int end)
    {
        JsonObject vocabulary = [];
        JsonArray added = [];
        for (int id = 0; id < VocabularySize; id++)
        {
            string token = id == mask ? MaskToken : id == end ? EndToken : $"w{id}";
            // As in published files, the mask token is no word of the model; what follows it is added too.
            if (id < mask)
                vocabulary[token] = id;
            if (id >= mask || id == end)
                added.Add(new JsonObject { ["id"] = id, ["content"] = token, ["special"] = id == mask || id == end });
        }
        var tokenizer = new JsonObject
        {
            ["added_tokens"] = added,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "WhitespaceSplit" },
            ["model"] = new JsonObject { ["type"] = "WordLevel", ["vocab"] = vocabulary, ["unk_token"] = "w0" },
        };
        File.WriteAllText(System.IO.Path.Combine(path, "tokenizer.json"), tokenizer.ToJsonString());
        File.WriteAllText(System.IO.Path.Combine(path, "tokenizer_config.json"),
            JsonSerializer.Serialize(new Dictionary<string, string> { ["mask_token"] = MaskToken, ["eos_token"] = EndToken }));
    }
}
