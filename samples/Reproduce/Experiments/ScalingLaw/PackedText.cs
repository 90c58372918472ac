using Microsoft.ML.MaskedDiffusion;
using Reproduce.Runs;

namespace Reproduce.Experiments.ScalingLaw;

/// <summary>Packed tokens to train on and to measure with, and the tokenizer that made them.</summary>
internal sealed record PackedText(TextTokenizer Tokenizer, PackedCorpus Training, PackedCorpus HeldOut)
{
    private const string TrainingFolder = "training", HeldOutFolder = "held-out", TokenizerFolder = "tokenizer", Prefix = "train";

    /// <summary>Opens the three folders in the folder of <see cref="RunOptions.DataFolder"/>.</summary>
    /// <exception cref="InvalidOperationException">No folder was named, or it lacks one of the three or its files.</exception>
    public static PackedText Read(Run run)
    {
        string folder = run.Options.DataFolder
            ?? throw new InvalidOperationException($"The published setting reads packed tokens, and no folder was named. {Remedy}");
        MaskedDiffusionCatalog catalog = run.MLContext.MaskedDiffusion();
        return new PackedText(
            Open(TokenizerFolder, TextTokenizer.FromFile), Open(TrainingFolder, path => catalog.LoadPackedTokens(path, Prefix)),
            Open(HeldOutFolder, path => catalog.LoadPackedTokens(path, Prefix)));

        T Open<T>(string name, Func<string, T> open)
        {
            string path = Path.Combine(folder, name);
            if (!Directory.Exists(path))
                throw new InvalidOperationException($"There is no folder {path}. {Remedy}");
            try
            {
                return open(path);
            }
            catch (FileNotFoundException error)
            {
                throw new InvalidOperationException($"{error.Message} {Remedy}", error);
            }
        }
    }

    private static string Remedy =>
        $"Name a folder with --data that has folders {TrainingFolder} and {HeldOutFolder} with packed tokens ({Prefix}_*.bin), and a "
        + $"folder {TokenizerFolder} with the tokenizer that made them (as published, Llama 2's tokenizer.model and SlimPajama's text). "
        + "SavePackedTokens(view, tokenizer, folder) of the library writes such tokens, and LoadText reads the text for it; see "
        + "docs/data.md.";
}
