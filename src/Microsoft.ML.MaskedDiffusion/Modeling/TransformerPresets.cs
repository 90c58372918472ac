namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>The 30 sizes of SMDM (Nie et al., 2024, and its published configurations): vocabulary 32000, context 2048.</summary>
internal static class TransformerPresets
{
    private const string Prefix = "Diff_LLaMA_";

    private static readonly (string Size, int Layers, int Heads, int Width, int FeedForward)[] Table =
    [
        ("6M", 6, 4, 256, 1024),
        ("19M", 8, 6, 384, 1536),
        ("34M", 8, 8, 512, 2048),
        ("48M", 9, 9, 576, 2304),
        ("66M", 10, 10, 640, 2560),
        ("75M", 16, 8, 640, 1600),
        ("85M", 13, 10, 640, 2560),
        ("113M", 12, 12, 768, 3072),
        ("142M", 15, 12, 768, 3072),
        ("170M", 18, 12, 768, 3072),
        ("180M", 14, 14, 896, 3584),
        ("206M", 16, 14, 896, 3584),
        ("231M", 18, 14, 896, 3584),
        ("268M", 16, 16, 1024, 4096),
        ("302M", 18, 16, 1024, 4096),
        ("336M", 20, 16, 1024, 4096),
        ("472M", 18, 10, 1280, 5120),
        ("551M", 21, 10, 1280, 5120),
        ("571M", 18, 11, 1408, 5632),
        ("629M", 24, 10, 1280, 5120),
        ("666M", 21, 11, 1408, 5632),
        ("717M", 19, 12, 1536, 6144),
        ("761M", 24, 11, 1408, 5632),
        ("831M", 22, 12, 1536, 6144),
        ("944M", 25, 12, 1536, 6144),
        ("1028M", 20, 14, 1792, 7168),
        ("1233M", 24, 14, 1792, 7168),
        ("1476M", 22, 16, 2048, 8192),
        ("1678M", 25, 16, 2048, 8192),
        ("2121M", 28, 17, 2176, 8704),
    ];

    public static IReadOnlyList<string> Names { get; } = Array.AsReadOnly(Array.ConvertAll(Table, row => Prefix + row.Size));

    public static TransformerConfig Get(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string size = name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? name[Prefix.Length..] : name;
        foreach (var row in Table)
        {
            if (!row.Size.Equals(size, StringComparison.OrdinalIgnoreCase))
                continue;
            return new TransformerConfig
            {
                Name = Prefix + row.Size,
                LayerCount = row.Layers,
                HeadCount = row.Heads,
                EmbeddingSize = row.Width,
                FeedForwardSize = row.FeedForward,
            };
        }
        throw new ArgumentException(
            $"There is no preset \"{name}\". The presets are {string.Join(", ", Array.ConvertAll(Table, row => row.Size))}.", nameof(name));
    }
}
