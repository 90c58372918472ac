using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A model whose weights are no numbers gives an error, never a score or a text; and it cannot be loaded.</summary>
[TestClass]
public sealed class DamagedWeightsTests
{
    private readonly MLContext _ml = new(1);

    private static MaskedDiffusionModel Broken(string tensor, float value)
    {
        MaskedDiffusionModel model = TinyModel.Create();
        TensorMemory.FloatSpan(model.Network.Parameters[tensor]).Fill(value);
        return model;
    }

    [TestMethod]
    [DataRow("lm_head.weight", float.NaN)]
    [DataRow("transformer.h.0.attn.attn.weight", float.NaN)]
    [DataRow("transformer.h.1.norm_2.weight", float.PositiveInfinity)]
    public void EveryTransformRefusesToAnswer(string tensor, float value)
    {
        using MaskedDiffusionModel model = Broken(tensor, value);
        IDataView texts = _ml.Data.LoadFromEnumerable(TextRow.Make("the cat [MASK]")),
            questions = _ml.Data.LoadFromEnumerable(ChoiceScoringTests.Questions.Take(2).ToList());
        void Refused(Action action) => StringAssert.Contains(Unwrapped.Throws<NotFiniteNumberException>(action).Message, "intact copy");
        foreach (LikelihoodMethod estimator in LikelihoodMethod.Names.Select(LikelihoodMethod.FromName))
        {
            LikelihoodOptions likelihood = new() { Method = estimator, Samples = 8 };
            Refused(() => LikelihoodRow.Read(_ml, _ml.MaskedDiffusion()
                .ScoreLikelihood(model, new LikelihoodScoringOptions { Likelihood = likelihood }).Fit(texts).Transform(texts)));
            Refused(() => ChoiceScoringTests.Read(_ml.MaskedDiffusion()
                .ScoreChoices(model, new ChoiceScoringOptions { Likelihood = likelihood }).Fit(questions).Transform(questions)));
        }
        Refused(() => new Infiller(model).Fill([new GappedText("the [MASK]", ["cat", "dog"])]));
        foreach (SamplingOrder order in SamplingOrder.Names.Select(SamplingOrder.FromName))
        {
            foreach (double temperature in new[] { 0, 1.0 })
            {
                InfillOptions options = InfillTests.Options(temperature: temperature);
                options.Sampling.Order = order;
                Refused(() => InfillTests.Read(_ml.MaskedDiffusion().Infill(model, options).Fit(texts).Transform(texts)));
            }
        }
    }

    [TestMethod]
    [DataRow("model")]
    [DataRow("model.mdm")]
    public void SavedTheyAreRefusedByTheTensorsName(string name)
    {
        using var folder = new TemporaryFolder();
        using MaskedDiffusionModel model = Broken("transformer.h.1.attn.proj.weight", float.NaN);
        model.Save(folder.File(name));
        string message = Assert.ThrowsExactly<InvalidDataException>(() => MaskedDiffusionModel.Load(folder.File(name), "cpu")).Message;
        StringAssert.Contains(message, "transformer.h.1.attn.proj.weight");
        StringAssert.Contains(message, folder.File(name));
    }
}
