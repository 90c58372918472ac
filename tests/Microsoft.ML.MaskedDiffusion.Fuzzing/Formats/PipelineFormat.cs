using System.Text;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Transforms;
using Microsoft.ML.MaskedDiffusion.Transforms.Choices;
using Microsoft.ML.MaskedDiffusion.Transforms.Generation;
using Microsoft.ML.MaskedDiffusion.Transforms.Infilling;
using Microsoft.ML.MaskedDiffusion.Transforms.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>
/// ML.NET's zip of a pipeline with a model in it. Half of the mutants are zips that were altered; the others hold an altered model or
/// altered settings behind right hashes.
/// </summary>
internal sealed class PipelineFormat : FuzzFormat
{
    private const string Zip = "lm.zip";

    private readonly ModelFormat _models = new();
    private readonly Lazy<CarrierPlan[]> _plans = new(() =>
    [
        .. ((IModelComputation[])
        [
            new LikelihoodComputation(Formats.Seeds.Model, new LikelihoodScoringOptions()),
            new ChoiceComputation(Formats.Seeds.Model, new ChoiceScoringOptions { ChoiceCount = 2 }),
            new InfillComputation(Formats.Seeds.Model, new InfillOptions()),
            new TextGenerationComputation(Formats.Seeds.Model, new TextGenerationOptions { PromptColumnName = "Text" }),
        ]).Select(computation => computation.Plan()),
    ]);

    public override string Name => "pipeline";

    public override FileSet Mutate(Random random) => random.Next(2) == 0 ? base.Mutate(random) : Carried(random);

    public override void Open(string folder)
    {
        var ml = new MLContext(1);
        ITransformer loaded = ml.MaskedDiffusion().LoadModel(Path.Combine(folder, Zip), out _);
        using (loaded as IDisposable)
        {
            IDataView rows = Formats.Seeds.View(["the cat"]);
            // Altered settings may name another column, which is an error of the data then.
            if (loaded is LikelihoodScoringTransformer && Fits(loaded, rows.Schema))
                _ = loaded.Transform(rows).Preview(1);
        }
    }

    // ML.NET's own reader takes memory for the numbers of values that its parts of the zip claim.
    public override bool IsOurMemory(Exception error) =>
        error.GetBaseException().StackTrace?.Contains("Microsoft.ML.MaskedDiffusion.Saving.Carriers", StringComparison.Ordinal) == true;

    protected override IReadOnlyList<FileSet> MakeSeeds()
    {
        var ml = new MLContext(1);
        ITransformer likelihood = ml.MaskedDiffusion().ScoreLikelihood(Formats.Seeds.Model).Fit(Formats.Seeds.View(["a"]));
        DataViewSchema schema = Formats.Seeds.View(["a"]).Schema;
        return
        [
            Formats.Seeds.Written(folder => ml.MaskedDiffusion().SaveModel(likelihood, schema, Path.Combine(folder, Zip))),
            Formats.Seeds.Written(folder => ml.MaskedDiffusion().SaveModel(likelihood, schema, Path.Combine(folder, Zip), 0)),
            .. _plans.Value.Select(plan => Saved(plan)),
        ];
    }

    private FileSet Carried(Random random)
    {
        CarrierPlan plan = Pick(_plans.Value, random);
        if (random.Next(2) == 0)
        {
            byte[] model = _models.Mutate(random).GetValueOrDefault("model.mdm") ?? ZipFiles.Write(_models.MutateFolder(random));
            return Saved(plan with { WriteBody = stream => stream.Write(model) });
        }
        byte[] settings = JsonMutator.Mutate(Encoding.UTF8.GetBytes(plan.Settings.GetRawText()), [], random);
        try
        {
            return Saved(plan with { Settings = JsonSerializer.Deserialize<JsonElement>(settings) });
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // A header that is no JSON cannot be written this way.
            return base.Mutate(random);
        }
    }

    private static bool Fits(ITransformer transformer, DataViewSchema schema)
    {
        try
        {
            return transformer.GetOutputSchema(schema) is not null;
        }
        catch (ArgumentOutOfRangeException error) when (error.ParamName is "inputSchema")
        {
            return false;
        }
    }

    private static FileSet Saved(CarrierPlan plan)
    {
        using var stream = new MemoryStream();
        new MLContext(1).Model.Save(CarrierWriter.Build(plan), plan.InputSchema, stream);
        return new FileSet { [Zip] = stream.ToArray() };
    }
}
