using System.Text;
using System.Text.Json;
using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A current directory with every file that the documentation's snippets and command lines read, as small as may be.</summary>
internal sealed class SnippetFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _before = Environment.CurrentDirectory;

    public SnippetFolder(MaskedDiffusionModel model)
    {
        Environment.CurrentDirectory = _folder.Path;
        var ml = new MLContext(1);
        IDataView texts = ml.Transforms.SelectColumns("Text").Fit(SnippetRow.View(ml)).Transform(SnippetRow.View(ml));
        model.Save("model.mdm");
        ml.Model.Save(ml.MaskedDiffusion().ScoreLikelihood(model, "Text").Fit(texts), texts.Schema, "model.zip");
        File.Copy("model.zip", "lm.zip");
        string[] lines = [.. texts.GetColumn<string>("Text")];
        string book = string.Join("\n\n", lines);
        foreach (string path in new[] { "text.txt", "book.txt", "held.txt", "documents/a.txt" })
            Write(path, book);
        string rows = string.Concat(lines.Select(line => $"{{\"Text\": {JsonSerializer.Serialize(line)}}}\n"));
        Write("text/lines.jsonl", rows.Replace("Text", "text", StringComparison.Ordinal));
        Write("tickets.jsonl", rows + "no JSON\n");
        Write("lines.csv", "Text\n" + string.Concat(lines.Select(line => $"\"{line}\"\n")));
        foreach (string kind in new[] { "mdlm", "bd3lm" })
            PublishedFolder.Write("a2d-qwen3", $"Qwen3-0.6B-diffusion-{kind}-v0.1");
        WriteTasks();
        WriteTokenizers();
        WriteTokens(ml, texts);
    }

    public void Dispose()
    {
        Environment.CurrentDirectory = _before;
        _folder.Dispose();
    }

    private static void WriteTasks()
    {
        Write("piqa_validation.jsonl", """
            {"query": "Question: How do I open a door?", "choices": ["Push it.", "Eat it."], "gold": 0}
            {"query": "Question: What is a cup for?", "choices": ["To sit on.", "To drink from."], "gold": 1}

            """);
        Write("capitals.json", """
            {"name": "capitals", "context": "The capital of {country} is", "choices_field": "cities", "gold_field": "answer"}
            """);
        Write("capitals.jsonl", """
            {"country": "Peru", "cities": ["Lima", "Quito"], "answer": 0}
            {"country": "Ecuador", "cities": ["Lima", "Quito"], "answer": 1}

            """);
        Write("sharegpt.json", """
            [{"id": "a", "conversations": [{"from": "human", "value": "Hi?"}, {"from": "gpt", "value": "Hello."}]}]
            """);
        Write("train.txt", "How many?||<<1+1=2>> #### 2\n");
        Write("all_prompts_train.jsonl", "{\"prompt\": \"Ann is\", \"completion\": \" a poet.\"}\n");
        Write("answers.jsonl",
            string.Concat(Enumerable.Range(0, 40).Select(i => $"{{\"prompt\": \"What is {i}?\", \"answer\": \" A number.\"}}\n")));
    }

    private static void WriteTokenizers()
    {
        string model = Path.Combine(AppContext.BaseDirectory, "Golden", "tokenizers", "bpe_llama.model");
        Write("llama/tokenizer.model", File.ReadAllBytes(model));
        Write("qwen/tokenizer.json", TokenizerJson.Kinds["qwen2 and dream"]());
        string pairs = string.Concat(Enumerable.Range(0, 256).Select(value => $"{Convert.ToBase64String([(byte)value])} {value}\n"));
        Write("o200k_base.tiktoken", pairs);
        Write("mine.tiktoken", pairs);
        foreach ((string name, byte[] content) in TokenizerSource.TrainBytePairEncoding(300)
            .Resolve(() => ["the cat sat on the mat"], null, CancellationToken.None).Files)
            Write("gpt2/" + name, content);
    }

    // Rows of the context that the snippet's network has.
    private static void WriteTokens(MLContext ml, IDataView texts)
    {
        TextTokenizer llama = TokenizerSource.FromFile("llama/tokenizer.model").Resolve(() => [], null, CancellationToken.None);
        foreach (string prefix in new[] { "train_slim", "validation" })
            ml.MaskedDiffusion().SavePackedTokens(texts, llama, "slimpajama", prefix: prefix);
    }

    private static void Write(string path, string content) => Write(path, Encoding.UTF8.GetBytes(content));

    private static void Write(string path, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllBytes(path, content);
    }
}
