using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>The tokens of a corpus that a training keeps in a folder and finds there again.</summary>
internal sealed class TokenFolderFormat : FuzzFormat
{
    private const string Tokens = "tokens";

    public override string Name => "tokenfolder";

    public override void Open(string folder)
    {
        TrainerOptions options = Formats.Seeds.Training();
        options.Checkpoints.TokenFolder = Path.Combine(folder, Tokens);
        Formats.Seeds.Context.MaskedDiffusion().Trainer(options).Fit(Formats.Seeds.View(Formats.Seeds.Texts)).Dispose();
    }

    public override bool IsTyped(Exception error) => base.IsTyped(error)
        || error is IOException && error.Message.Contains("is not replaced", StringComparison.Ordinal)
        || error is InvalidOperationException && error.Message.Contains("of another training", StringComparison.Ordinal);

    protected override IReadOnlyList<FileSet> MakeSeeds() => [Formats.Seeds.Written(Open)];
}
