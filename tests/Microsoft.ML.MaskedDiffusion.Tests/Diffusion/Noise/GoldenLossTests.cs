using Microsoft.ML.MaskedDiffusion.Corpora.Documents;
using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The forward process, the loss, its gradients and the validation loss against the reference implementation's.</summary>
[TestClass]
public sealed class GoldenLossTests
{
    private const int Mask = 97;

    [TestMethod]
    public void AnExcerptOfTheReferencesNoiseIsReproduced()
    {
        float[] levels = [0.149041712f, 0.486553133f, 0.985661507f, 0.16840142f];
        float[] uniforms =
        [
            0.583943427f, 0.693599164f, 0.583084881f, 0.128437757f, 0.572122633f, 0.924839437f, 0.269337773f, 0.782456875f,
            0.410258949f, 0.644897521f, 0.97021389f, 0.015937984f, 0.588371754f, 0.800214231f, 0.541836798f, 0.200657129f,
            0.0693734884f, 0.59983182f, 0.607443452f, 0.289437354f, 0.407004297f, 0.384732306f, 0.105678439f, 0.0973894596f,
            0.625241399f, 0.243632317f, 0.342986643f, 0.125647247f, 0.455922961f, 0.443022847f, 0.808863819f, 0.635987222f,
        ];
        float[] probabilities = [0.149892673f, 0.487066567f, 0.985675871f, 0.169233024f];
        int[] masked = [3, 8, 11, 15, 16, 17, 18, 19, 20, 21, 22, 23, 27];
        NoisyBatch batch = new ForwardProcess(Mask).Corrupt(new long[uniforms.Length], 8, levels, uniforms);
        CollectionAssert.AreEqual(probabilities, batch.Probabilities);
        CollectionAssert.AreEqual(masked, batch.MaskedPositions.Select(position => (int)position).ToArray());
    }

    [TestMethod]
    [DataRow("rope_bf16", "bf16", RotaryPrecision.BFloat16)]
    [DataRow("rope_fp32", "fp32", RotaryPrecision.Float32)]
    public void TrainingLossAndEveryGradient(string folder, string key, RotaryPrecision precision)
    {
        string file = folder + "/train_loss";
        using var scope = NewDisposeScope();
        using SafetensorsReader golden = Golden.Open(folder, "train_loss.safetensors");
        NoisyBatch batch =
            new ForwardProcess(Mask).Corrupt(golden.ReadIntegers("input_ids"), 64, golden.ReadSingles("u_t"), golden.ReadSingles("u_mask"));
        Comparison.Equal(file, "masking probabilities", golden.ReadSingles("p_mask"), batch.Probabilities);
        Comparison.Equal(file, "noisy input", golden.ReadIntegers("noisy_input"), batch.Tokens);
        Comparison.Equal(
            file, "masked positions",
            [.. golden.ReadIntegers("mask_indices").Index().Where(item => item.Item != 0).Select(item => (long)item.Index)],
            batch.MaskedPositions);

        using TransformerNetwork network = Load(precision, ScalarType.Float32), exact = Load(precision, ScalarType.Float64);
        (double[] Losses, double Loss) Run(TransformerNetwork of)
        {
            Tensor hidden =
                of.Hidden(new TokenRows(batch.Tokens, batch.Length)).view(-1, 64).index_select(0, tensor(batch.MaskedPositions));
            Tensor crossEntropies = of.CrossEntropy(hidden, batch.Targets);
            Tensor loss = new MaskedDiffusionObjective().Loss(of, batch);
            loss.backward();
            return ([.. Comparison.Numbers(crossEntropies).Select((value, i) => value / batch.Probabilities[batch.RowOf(i)])],
                Comparison.Numbers(loss)[0]);
        }
        (double[] losses, double loss) = Run(network);
        (double[] exactLosses, double exactLoss) = Run(exact);
        // The largest are those divided by the smallest probability, 0.15. The reference was found to be off by up to 3.4e-5.
        new Comparison(file, "weighted losses of masked tokens").Add(
            Comparison.Numbers(golden.ReadSingles("weighted_ce_per_masked_token")), losses, exactLosses)
            .CheckUnrecorded(ceiling: 5e-5, Comparison.Few);
        double expected = Golden.Json(folder, "index.json").GetProperty("train_loss").GetProperty("loss").GetDouble();
        new Comparison(file, "loss").AddRelative(expected, loss, exactLoss).Check(
            Math.Max(Comparison.HalfUnit, Golden.Tolerance(key, "loss_rel")));
        var gradients = new Comparison(file, "every gradient");
        foreach ((string name, Parameter parameter) in network.Parameters)
        {
            float[] reference = golden.ReadSingles("grad." + name);
            gradients.Add(reference, parameter.grad!, exact.Parameters[name].grad!, reference.Max(MathF.Abs));
        }
        gradients.Check(Golden.Tolerance(key, "grad_max_err_rel_to_tensor_max"));
    }

    [TestMethod]
    public void ValidationLoss()
    {
        using SafetensorsReader golden = Golden.Open("rope_bf16", "validate.safetensors");
        using TransformerNetwork network = Load(RotaryPrecision.BFloat16, ScalarType.Float32);
        using TransformerNetwork exact = Load(RotaryPrecision.BFloat16, ScalarType.Float64);
        float[] levels = golden.ReadSingles("u_t"), uniforms = golden.ReadSingles("u_mask");
        var objective = new MaskedDiffusionObjective();
        double sum = 0, exactSum = 0;
        for (int iteration = 0; iteration < 2; iteration++)
        {
            long[] blocks = golden.ReadIntegers($"batch{iteration}");
            long[] tokens = [.. blocks[..64], .. blocks[65..129]];
            for (int draw = iteration * 128; draw < (iteration + 1) * 128; draw++)
            {
                NoisyBatch batch =
                    new ForwardProcess(Mask).Corrupt(tokens, 64, levels.AsSpan(draw * 2, 2), uniforms.AsSpan(draw * 128, 128));
                sum += objective.RowLosses(network, batch).Average();
                exactSum += objective.RowLosses(exact, batch).Average();
            }
        }
        double expected = Golden.Json("rope_bf16", "index.json").GetProperty("validate").GetProperty("val_loss").GetDouble();
        new Comparison("rope_bf16/validate", "loss").AddRelative(expected, sum / 256, exactSum / 256).Check(
            Math.Max(Comparison.HalfUnit, Golden.Tolerance("bf16", "validate_rel")));
    }

    internal static TransformerNetwork Load(RotaryPrecision precision, ScalarType type) => Golden.Tiny(precision, type: type);
}
