using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace StandIns.Tests.Torch;

[TestClass]
[DoNotParallelize]
public class DisposeScopeTests
{
    [TestMethod]
    public void AScopeFreesWhatWasMadeInsideIt()
    {
        Tensor inside, outside = ones(2);
        using (DisposeScope scope = NewDisposeScope())
        {
            inside = outside + 1;
            Assert.AreEqual(1, scope.DisposablesCount);
            Assert.IsTrue(scope.Contains(inside));
            Assert.IsFalse(scope.Contains(outside));
        }
        Assert.IsTrue(inside.IsInvalid);
        Assert.IsFalse(outside.IsInvalid);
        Assert.ThrowsExactly<InvalidOperationException>(() => inside.sum());
        outside.Dispose();
    }

    [TestMethod]
    public void TensorsMoveOutwardsOneScopeAtATime()
    {
        Tensor kept;
        using (DisposeScope outer = NewDisposeScope())
        {
            using (DisposeScope inner = NewDisposeScope())
            {
                kept = ones(3).MoveToOuterDisposeScope();
                Assert.AreSame(inner, CurrentDisposeScope);
            }
            Assert.IsFalse(kept.IsInvalid);
            Assert.IsTrue(outer.Contains(kept));
        }
        Assert.IsTrue(kept.IsInvalid);
        Assert.IsNull(CurrentDisposeScope);
    }

    [TestMethod]
    public void DetachedTensorsAreTheirOwnersAffair()
    {
        Tensor detached, several;
        Parameter parameter;
        using (DisposeScope scope = NewDisposeScope())
        {
            detached = ones(3).DetachFromDisposeScope();
            several = scope.Detach(zeros(1));
            parameter = new Parameter(zeros(2)).DetachFromDisposeScope() as Parameter ?? throw new AssertFailedException();
        }
        Assert.IsFalse(detached.IsInvalid);
        Assert.IsFalse(several.IsInvalid);
        Assert.IsFalse(parameter.IsInvalid);
        detached.Dispose();
        several.Dispose();
        parameter.Dispose();
        Assert.IsTrue(detached.IsInvalid);
    }

    [TestMethod]
    public void TensorsMoveToTheScopeOfAnother()
    {
        using DisposeScope outer = NewDisposeScope();
        Tensor anchor = ones(1), moved;
        using (NewDisposeScope())
            moved = zeros(1).MoveToOtherDisposeScope(anchor);
        Assert.IsFalse(moved.IsInvalid);
        Assert.IsTrue(outer.Contains(moved));
    }

    [TestMethod]
    public void DisposingEverythingButSomeKeepsThoseInTheScope()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor a = ones(1), b = ones(1), c = ones(1);
        scope.DisposeEverythingBut(b, c);
        Assert.IsTrue(a.IsInvalid);
        Assert.IsFalse(b.IsInvalid);
        Assert.IsFalse(c.IsInvalid);
        scope.DisposeEverything();
        Assert.IsTrue(b.IsInvalid);
    }

    [TestMethod]
    public void ScopesBelongToTheirThread()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor? elsewhere = null;
        var thread = new Thread(() => elsewhere = ones(1));
        thread.Start();
        thread.Join();
        Assert.IsFalse(scope.Contains(elsewhere!));
        elsewhere!.Dispose();
    }

    [TestMethod]
    public void StatisticsCountWhatThisThreadMadeAndFreed()
    {
        DisposeScopeManager.Statistics.Reset();
        using (NewDisposeScope())
        {
            Tensor a = ones(1), b = a + 1;
            b.DetachFromDisposeScope().Dispose();
            Assert.AreEqual(2, DisposeScopeManager.Statistics.CreatedInScopeCount);
            Assert.AreEqual(1, DisposeScopeManager.Statistics.DetachedFromScopeCount);
        }
        Assert.AreEqual(1, DisposeScopeManager.Statistics.DisposedInScopeCount);
        Assert.AreEqual(0, DisposeScopeManager.Statistics.CreatedOutsideScopeCount);
        ones(1).Dispose();
        Assert.AreEqual(1, DisposeScopeManager.Statistics.CreatedOutsideScopeCount);
    }

    [TestMethod]
    public void AThousandTrainingStepsLeaveNothingBehind()
    {
        using Tensor x = rand(64, 64), target = rand(64, 64);
        using var weight = new Parameter(rand(64, 64));
        using AdamW optimizer = optim.AdamW([weight]);
        void Step()
        {
            using DisposeScope scope = NewDisposeScope();
            optimizer.zero_grad();
            (x.matmul(weight).sigmoid() - target).square().mean().backward();
            optimizer.step();
        }
        for (int i = 0; i < 20; i++)
            Step();
        long memory = ResidentBytes(), tensors = Tensor.TotalCount;
        for (int i = 0; i < 1000; i++)
            Step();
        Assert.IsLessThanOrEqualTo(tensors, Tensor.TotalCount);
        // A leak of one 16 KiB tensor a step would be 16 MiB; the collector's own memory moves by a few.
        Assert.IsLessThan(12L << 20, ResidentBytes() - memory);
    }

    private static long ResidentBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
