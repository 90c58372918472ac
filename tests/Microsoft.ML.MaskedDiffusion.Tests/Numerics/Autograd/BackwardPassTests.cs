using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class BackwardPassTests
{
    private const int Rounds = 60;

    private static readonly TransformerConfig Config = TransformerNetworkTests.Small;

    [TestMethod]
    public void AFailureIsThrownAsWhatItWasAndTheNextPassWorks()
    {
        using var scope = NewDisposeScope();
        var pass = new BackwardPass();
        Tensor leaf = ones(3).requires_grad_();
        Assert.AreEqual(
            "three", Assert.ThrowsExactly<NotSupportedException>(() => pass.Run(Failing.apply(pass, leaf, "three").sum())).Message);
        pass.Run(leaf.Times(2).sum());
        CollectionAssert.AreEqual(new[] { 2f, 2, 2 }, leaf.grad!.data<float>().ToArray());
    }

    /// <summary>A micro batch without a mask, of a training that adapts the output layer alone, has such a loss.</summary>
    [TestMethod]
    public void ALossThatReachesNothingLeavesGradientsAlone()
    {
        using var scope = NewDisposeScope();
        new BackwardPass().Run(ones(3).sum());
    }

    [TestMethod]
    public void ADisposedNetworkRefusesItsBackwardPass()
    {
        using var scope = NewDisposeScope();
        var network = new TransformerNetwork(Config, CPU);
        network.Initialize(3);
        Tensor loss = Loss(network);
        network.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => network.Backward(loss));
    }

    /// <summary>
    /// Two trainings in step with each other, so that their backward passes run at the same time, while every pass of one fails.
    /// </summary>
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void TwoTrainingsAtOnceEachGetTheirOwnErrorOrResult(bool torchOperators)
    {
        float[] alone = Train(torchOperators, () => { });
        using var barrier = new Barrier(3);
        // A lost error would end a thread early and leave the others waiting for it.
        void Together() => Assert.IsTrue(barrier.SignalAndWait(TimeSpan.FromMinutes(1)), "another thread has stopped");
        Task<float[]> healthy = Task.Factory.StartNew(() => Train(torchOperators, Together), TaskCreationOptions.LongRunning);
        Task<int> first = Task.Factory.StartNew(() => Fail("first", Together), TaskCreationOptions.LongRunning);
        Task<int> second = Task.Factory.StartNew(() => Fail("second", Together), TaskCreationOptions.LongRunning);
        Task.WaitAll(healthy, first, second);
        Assert.AreEqual(Rounds, first.Result);
        Assert.AreEqual(Rounds, second.Result);
        CollectionAssert.AreEqual(alone, healthy.Result, "the other trainings' failures must not change a bit");
    }

    // The weights after some steps of gradient descent.
    private static float[] Train(bool torchOperators, Action beforePass)
    {
        using var network = new TransformerNetwork(Config, CPU, torchOperators: torchOperators);
        network.Initialize(3);
        for (int round = 0; round < Rounds; round++)
        {
            using var scope = NewDisposeScope();
            Tensor loss = Loss(network);
            beforePass();
            network.Backward(loss);
            using IDisposable noGradient = no_grad();
            foreach (Tensor parameter in network.Parameters.Values)
                parameter.Increase(parameter.grad!, -0.01);
            network.ZeroGradients();
        }
        return [.. network.Parameters.Values.SelectMany(parameter => parameter.detach().data<float>().ToArray())];
    }

    // How many passes failed with the right error.
    private static int Fail(string name, Action beforePass)
    {
        int failures = 0;
        var pass = new BackwardPass();
        for (int round = 0; round < Rounds; round++)
        {
            using var scope = NewDisposeScope();
            string message = $"{name} {round}";
            Tensor loss = Failing.apply(pass, ones(100).requires_grad_(), message).sum();
            beforePass();
            try
            {
                pass.Run(loss);
            }
            catch (NotSupportedException failure) when (failure.Message == message)
            {
                failures++;
            }
        }
        return failures;
    }

    private static Tensor Loss(TransformerNetwork network)
    {
        TokenRows tokens =
            TransformerNetworkTests.Batch([TransformerNetworkTests.Tokens(1, 20, Config), TransformerNetworkTests.Tokens(2, 20, Config)]);
        Tensor hidden = network.Hidden(tokens).view(-1, Config.EmbeddingSize);
        return network.CrossEntropy(hidden, [.. tokens.Ids.Select(id => id % Config.VocabularySize)]).mean();
    }

    /// <summary>Passes its tensor on, and fails with its message in the backward pass.</summary>
    private sealed class Failing : GuardedFunction<Failing>
    {
        protected override Tensor Evaluate(autograd.AutogradContext context, object[] arguments)
        {
            context.save_data("message", arguments[2]);
            return ((Tensor)arguments[1]).clone();
        }

        protected override List<Tensor> Differentiate(autograd.AutogradContext context, Tensor gradient) =>
            throw new NotSupportedException((string)context.get_data("message"));
    }
}
