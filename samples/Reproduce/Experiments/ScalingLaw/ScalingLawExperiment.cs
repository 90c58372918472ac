using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.ScalingLaw;

/// <summary>"Scaling up Masked Diffusion Models on Text" (Nie et al., 2024), section 3: losses at equal compute.</summary>
internal sealed class ScalingLawExperiment : Experiment
{
    /// <summary>The published setting; a test makes it smaller.</summary>
    public ScalingLawSettings Published { get; init; } = ScalingLawSettings.Published;

    public override string Name => "scaling-law";

    public override string Title => "Loss against compute for masked diffusion and autoregressive models";

    public override string Full =>
        "trains 50 networks of 34 million to 2.1 billion parameters with the published five budgets, batches of 256 x 2,048 tokens and the "
        + "published schedule, on the packed tokens in --data's folders training and held-out, with the tokenizer in its folder tokenizer; "
        + "2e21 FLOPs in all";

    public override bool FullNeedsModels => false;

    public override string Method =>
        "IsoFLOP curves: for each of four budgets C = 6 N D, five networks of each kind, of N parameters outside embeddings, are trained "
        + "on D tokens of the .NET reference documentation, with the same options but for the noise. A parabola of the "
        + "loss on held-out documents over log N gives the least loss of a budget, and a line through the logarithms of the least losses "
        + "the power law. The masked diffusion model's loss is an upper bound, the autoregressive model's is exact. Intervals of losses "
        + "are over 30 blocks of held-out documents, the same ones for all models; those of laws are from a bootstrap over these blocks "
        + "and over what lies between losses and parabolas, and so hold the variation between trainings too. "
        + "In the published setting the text is packed tokens, the budgets are five, each kind of model has sizes around its own published "
        + "optimum, and the loss is that of the training's validation at its end, whose standard error the draws are from.";

    public override bool HasPublishedFigures => true;

    public override ExperimentResult Measure(Run run)
    {
        if (run.Options.IsSimulated)
            return PublishedFit.Measure();
        return run.Options.IsFull ? MeasureOnPackedText(run, Published) : MeasureOnDocumentation(run, ScalingLawSettings.Small);
    }

    private static ExperimentResult MeasureOnDocumentation(Run run, ScalingLawSettings settings)
    {
        DocumentationTokens text = DocumentationTokens.Read(run, settings.VocabularySize!.Value);
        BlockLosses[] losses = MeasureAll(run, settings, training => TrainOnDocumentation(run, settings, text, training));
        var random = new Random(run.Options.Seed);
        int blocks = losses[0].Tokens.Length;
        int[][] draws =
        [
            .. Enumerable.Range(0, settings.Resamples).Select(_ => Enumerable.Range(0, blocks).Select(_ => random.Next(blocks)).ToArray()),
        ];
        return ScalingLawResults.Conclude([.. losses.Select(loss => loss.Point(draws))], random, settings);
    }

    private static ExperimentResult MeasureOnPackedText(Run run, ScalingLawSettings settings)
    {
        PackedText text = PackedText.Read(run);
        Console.WriteLine($"{text.Training} to train on, {text.HeldOut} to measure with");
        ValidatedLoss[] losses = MeasureAll(run, settings, training => TrainOnPackedText(run, settings, text, training));
        var random = new Random(run.Options.Seed);
        return ScalingLawResults.Conclude(
            [.. losses.Select(loss => loss.Point(settings.Resamples, random))], random,
            new { settings, TrainingTokens = text.Training.TokenCount, HeldOutTokens = text.HeldOut.TokenCount });
    }

    // Every budget with each of its networks, in stages.
    private static T[] MeasureAll<T>(Run run, ScalingLawSettings settings, Func<Training, T> measure) =>
    [
        .. from kind in Enum.GetValues<ModelKind>()
           from budget in settings.Budgets
           from network in budget.Of(kind)
           let training = new Training(kind, budget.Flops * run.Options.Scale, network)
           select MeasureOne(run, training, measure),
    ];

    private static T MeasureOne<T>(Run run, Training training, Func<Training, T> measure)
    {
        T loss = run.Stage(training.Stage, () => measure(training));
        run.Forget(training.Name);
        return loss;
    }

    private static BlockLosses TrainOnDocumentation(
        Run run, ScalingLawSettings settings, DocumentationTokens text, Training training)
    {
        (ModelKind kind, double flops, TransformerConfig network) = training;
        using MaskedDiffusionModel model = run.Train(
            training.Name, kind, settings.Options(kind, network, flops, text.Tokenizer), text.Training);
        IEnumerable<PerplexityDocument> documents = text.Sets.HeldOut.Take(run.Options.Scaled(settings.HeldOutDocuments!.Value))
            .Select((row, i) => new PerplexityDocument(row.Text, $"{i % settings.HeldOutBlocks:D2}"));
        PerplexityFigures[] blocks = [.. new PerplexityEvaluator(model).Evaluate(documents).Groups];
        return new BlockLosses(
            kind, flops, network.NonEmbeddingParameterCount,
            [.. blocks.Select(block => block.NegativeLogLikelihood.Value * block.TokenCount)],
            [.. blocks.Select(block => block.TokenCount)]);
    }

    private static ValidatedLoss TrainOnPackedText(Run run, ScalingLawSettings settings, PackedText text, Training training)
    {
        (ModelKind kind, double flops, TransformerConfig network) = training;
        TrainerOptions options = settings.Options(kind, network, flops, text.Tokenizer);
        options.Validation = settings.Validation(text.HeldOut, run.Options);
        TrainingResult result = run.TrainForLoss(training.Name, kind, options, text.Training);
        // A single block with a single draw has no error to tell.
        double error = result.ValidationStandardError ?? 0;
        return new ValidatedLoss(kind, flops, network.NonEmbeddingParameterCount, result.ValidationLoss!.Value, error);
    }

    private sealed record Training(ModelKind Kind, double Flops, TransformerConfig Network)
    {
        public string Name => $"{Kind}-{Flops:0.##E0}-{Network.Name}";

        public string Stage => $"{Kind.Words()}, {Flops:0.##E0} FLOPs, {Network.NonEmbeddingParameterCount} parameters";
    }
}
