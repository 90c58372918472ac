namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A text and a model for a class of the tool's tests.</summary>
internal sealed class ToolFiles : IDisposable
{
    private readonly TemporaryFolder _folder = Create();

    /// <summary>A text of some paragraphs.</summary>
    public string Text => _folder.File("book.txt");

    /// <summary>A small model of random weights, as a .mdm file.</summary>
    public string Model => _folder.File("lm.mdm");

    /// <summary>Options with which a training takes no time.</summary>
    public static string[] Small => [.. SmallNetwork, "--vocabulary", "270"];

    /// <summary>The same without the size of a vocabulary, for a tokenizer that is there.</summary>
    public static string[] SmallNetwork =>
    [
        "--set", "Trainer.Network={\"LayerCount\":1,\"HeadCount\":1,\"EmbeddingSize\":8,\"FeedForwardSize\":16,\"ContextLength\":16}",
        "--set", "Trainer.BatchSize=2", "--set", "Trainer.WarmStart=0", "--max-steps", "4",
    ];

    public void Dispose() => _folder.Dispose();

    private static TemporaryFolder Create()
    {
        var folder = new TemporaryFolder();
        string[] lines = ["the cat sat on the mat", "a small bird sang in the old tree", "one two three four", "the river runs to the sea"];
        File.WriteAllText(folder.File("book.txt"), string.Join("\n\n", Enumerable.Range(0, 60).Select(i => $"{lines[i % 4]}, {i} times")));
        using MaskedDiffusionModel model = TinyModel.Create();
        model.Save(folder.File("lm.mdm"));
        return folder;
    }
}
