using DocumentationDemo.Corpus;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Runs;

namespace Reproduce.Experiments.SpeedQuality;

/// <summary>The models that write, and the one that judges.</summary>
/// <param name="Judge">A third model, which says how likely the texts are.</param>
/// <param name="Autoregressive">The autoregressive model.</param>
/// <param name="MaskedDiffusion">
/// Masked diffusion models, with the multiple of the autoregressive model's compute that each has had.
/// </param>
/// <param name="HeldOut">Documents that no training has seen.</param>
internal sealed record SpeedQualityModels(
    MaskedDiffusionModel Judge,
    MaskedDiffusionModel Autoregressive,
    (int Compute, MaskedDiffusionModel Model)[] MaskedDiffusion,
    IReadOnlyList<CorpusRow> HeldOut) : IDisposable
{
    public const int MostCompute = 16;

    private static readonly int[] Computes = [1, 4, MostCompute];

    /// <summary>Trains small ones.</summary>
    public static SpeedQualityModels Train(Run run, SpeedQualitySettings settings)
    {
        DocumentationTokens text = DocumentationTokens.Read(run, settings.VocabularySize);
        MaskedDiffusionModel judge = TrainOne("judge", ModelKind.Autoregressive, settings.Judge, settings.JudgeSteps);
        MaskedDiffusionModel autoregressive =
            TrainOne("autoregressive", ModelKind.Autoregressive, settings.Writer, settings.TrainingSteps);
        (int, MaskedDiffusionModel)[] masked =
        [
            .. Computes.Select(compute => (compute, TrainOne(
                $"masked-diffusion-{compute}", ModelKind.MaskedDiffusion, settings.Writer, settings.TrainingSteps * compute))),
        ];
        return new SpeedQualityModels(judge, autoregressive, masked, text.Sets.HeldOut);

        MaskedDiffusionModel TrainOne(string name, ModelKind kind, NetworkSize size, int steps)
        {
            TrainerOptions options = settings.Training.Options(
                kind, size.Network(settings.ContextLength), TokenizerSource.FromTokenizer(text.Tokenizer), run.Options.Scaled(steps));
            return run.Train(name, kind, options, text.Training);
        }
    }

    /// <summary>Loads pre-trained ones; the masked diffusion model is taken for one of the most compute.</summary>
    public static SpeedQualityModels Load(Run run)
    {
        MaskedDiffusionModel masked = run.LoadPretrained(ModelKind.MaskedDiffusion);
        MaskedDiffusionModel autoregressive = run.LoadPretrained(ModelKind.Autoregressive);
        CorpusSets sets = Documentation.Of(run);
        return new SpeedQualityModels(run.LoadJudge(), autoregressive, [(MostCompute, masked)], sets.HeldOut);
    }

    public void Dispose()
    {
        Judge.Dispose();
        Autoregressive.Dispose();
        foreach ((_, MaskedDiffusionModel model) in MaskedDiffusion)
            model.Dispose();
    }
}
