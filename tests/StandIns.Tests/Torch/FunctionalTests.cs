using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace StandIns.Tests.Torch;

[TestClass]
public class FunctionalTests
{
    [TestMethod]
    public void LinearIsTheProductWithTheTransposedWeight()
    {
        using var scope = NewDisposeScope();
        Tensor x = rand(3, 4), weight = rand(2, 4), bias = rand(2);
        Assert.IsTrue(nn.functional.linear(x, weight, bias).allclose(x.matmul(weight.t()) + bias));
        Assert.IsTrue(nn.functional.linear(x, weight).allclose(x.matmul(weight.t())));
        Reference.AreClose([0, 0, 1, 1, 0, 0], nn.functional.one_hot(tensor(new long[] { 2, 0 }), 3), 0);
    }

    [TestMethod]
    public void DropoutZeroesItsShareAndScalesTheRest()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        Tensor x = ones(100_000), dropped = nn.functional.dropout(x, 0.25);
        double zeros = dropped.eq(0).sum().ToDouble() / 100_000;
        // The share's standard deviation is sqrt(0.25 * 0.75 / 1e5) = 0.0014.
        Assert.AreEqual(0.25, zeros, 0.007);
        Assert.AreEqual(1 / 0.75, dropped.max().ToDouble(), 1e-6);
        Assert.IsTrue(nn.functional.dropout(x, 0.25, training: false).allclose(x));
    }

    [TestMethod]
    public void InitializationFillsParametersWithoutRecordingIt()
    {
        using var weight = new Parameter(empty(200, 300));
        using var generator = new Generator(5);
        Assert.AreSame(weight, nn.init.normal_(weight, 1, 2, generator));
        using (NewDisposeScope())
        {
            // Standard errors over 60000 draws: 2 / 245 of the mean, half of that of the deviation.
            Assert.AreEqual(1, weight.mean().ToDouble(), 0.04);
            Assert.AreEqual(2, (weight - weight.mean()).square().mean().sqrt().ToDouble(), 0.03);
            Assert.IsTrue(weight.is_leaf);
            nn.init.uniform_(weight, -1, 3, generator);
            Assert.IsGreaterThanOrEqualTo(-1, weight.min().ToDouble());
            Assert.IsLessThanOrEqualTo(3, weight.max().ToDouble());
            Assert.AreEqual(1, weight.mean().ToDouble(), 0.03);
            nn.init.ones_(weight);
            Assert.AreEqual(60_000, weight.sum().ToDouble());
            nn.init.zeros_(weight);
            Assert.AreEqual(0, weight.abs().max().ToDouble());
        }
    }

    [TestMethod]
    public void ParametersBecomeAVectorAndBack()
    {
        using var scope = NewDisposeScope();
        Parameter[] parameters = [new(rand(2, 3)), new(rand(4))];
        Tensor vector = nn.utils.parameters_to_vector(parameters);
        CollectionAssert.AreEqual(new long[] { 10 }, vector.shape);
        nn.utils.vector_to_parameters(vector * 2, parameters);
        Reference.AreClose([.. Reference.Doubles(vector).Select(v => v * 2)], nn.utils.parameters_to_vector(parameters), 0);
        foreach (Parameter parameter in parameters)
            parameter.Dispose();
    }
}
