using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>What the valid files are made of: a model that was trained for a step, and texts.</summary>
internal static class Seeds
{
    public static readonly string[] Texts =
    [
        "the cat sat on the mat and the dog lay by the door", "a small bird sang in the old tree by the river",
        "one two three four five six seven eight nine ten", "the river runs to the sea and the sea is wide",
    ];

    /// <summary>A new one each time: each remembers where the temporary folder was when it was made.</summary>
    public static MLContext Context => new(1);

    private static readonly Lazy<MaskedDiffusionModel> Trained = new(() =>
        Context.MaskedDiffusion().Trainer(Training()).Fit(View(Texts)).Model);

    /// <summary>A model that is never disposed.</summary>
    public static MaskedDiffusionModel Model => Trained.Value;

    public static IDataView View(IEnumerable<string> texts) =>
        Context.Data.LoadFromEnumerable(texts.Select(text => new TextRow { Text = text }).ToList());

    /// <summary>A training of a network that is as small as can be.</summary>
    public static TrainerOptions Training() => new()
    {
        Network = new TransformerConfig
        {
            Name = "tiny", LayerCount = 1, HeadCount = 2, EmbeddingSize = 8, FeedForwardSize = 16, ContextLength = 16,
        },
        Tokenizer = TokenizerSource.TrainBytePairEncoding(262),
        MaxSteps = 1,
        BatchSize = 2,
        Optimizer = { WarmupSteps = 0 },
        Seed = 3,
        Device = "cpu",
    };

    /// <summary>The files that something writes into a folder.</summary>
    public static FileSet Written(Action<string> write)
    {
        string folder = Directory.CreateTempSubdirectory("mdm-seed-").FullName;
        try
        {
            write(folder);
            return FileSet.Read(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Files given as texts.</summary>
    public static FileSet Of(params ReadOnlySpan<(string Name, string Content)> files)
    {
        var set = new FileSet();
        foreach ((string name, string content) in files)
            set[name] = System.Text.Encoding.UTF8.GetBytes(content);
        return set;
    }

    private sealed class TextRow
    {
        public string Text { get; set; } = "";
    }
}
