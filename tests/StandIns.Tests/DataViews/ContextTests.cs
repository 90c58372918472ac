using Microsoft.ML;
using Microsoft.ML.Runtime;
using Microsoft.ML.SearchSpace;

namespace StandIns.Tests.DataViews;

[TestClass]
public sealed class ContextTests
{
    [TestMethod]
    public void MessagesReachTheLogWithSourceAndKind()
    {
        var ml = new MLContext();
        var seen = new List<LoggingEventArgs>();
        ml.Log += (_, e) => seen.Add(e);
        using (var channel = ((IHostEnvironment)ml).Register("Trainer").Start("Training"))
        {
            channel.Info(MessageSensitivity.None, "loss {0}", 0.5);
            channel.Warning(MessageSensitivity.None, "a {brace} stays");
        }

        var info = seen.Single(e => e.Kind == ChannelMessageKind.Info);
        Assert.AreEqual("Trainer; Training", info.Source);
        Assert.AreEqual("loss 0.5", info.RawMessage);
        Assert.AreEqual("[Source=Trainer; Training, Kind=Info] loss 0.5", info.Message);
        Assert.AreEqual("a {brace} stays", seen.Single(e => e.Kind == ChannelMessageKind.Warning).RawMessage);
        Assert.IsTrue(seen.Any(e => e.Kind == ChannelMessageKind.Trace));
    }

    [TestMethod]
    public void ProgressStaysOutOfTheLog()
    {
        var ml = new MLContext();
        var count = 0;
        ml.Log += (_, _) => count++;
        using var progress = ((IHostEnvironment)ml).Register("Trainer").StartProgressChannel("Training");
        progress.SetHeader(new ProgressHeader(["Loss"], ["steps"]), e => e.SetProgress(0, 1, 10));
        progress.Checkpoint(0.5, 1);
        Assert.AreEqual(0, count);
    }

    [TestMethod]
    public void HostsDrawFromTheContextsSeedInOrder()
    {
        static int[] Draws(int? seed)
        {
            IHostEnvironment environment = new MLContext(seed);
            return Enumerable.Range(0, 3).Select(_ => environment.Register("x").Rand.Next()).ToArray();
        }

        CollectionAssert.AreEqual(Draws(1), Draws(1));
        CollectionAssert.AreNotEqual(Draws(1), Draws(2));
        Assert.AreEqual(3, Draws(1).Distinct().Count());
        IHostEnvironment any = new MLContext();
        Assert.AreEqual(any.Register("a", seed: 8).Rand.Next(), any.Register("b", seed: 8).Rand.Next());
    }

    [TestMethod]
    public void OptionsAreKeptByName()
    {
        var ml = new MLContext();
        Assert.IsTrue(ml.TryAddOption("device", "cpu"));
        Assert.IsFalse(ml.TryAddOption("device", "cuda"));
        Assert.AreEqual("cpu", ml.GetOptionOrDefault<string>("device"));
        ml.SetOption("device", "cuda");
        Assert.IsTrue(ml.TryGetOption<string>("device", out var device));
        Assert.AreEqual("cuda", device);
        Assert.IsTrue(ml.RemoveOption("device"));
        Assert.IsFalse(ml.TryGetOption<string>("device", out _));
        Assert.IsNull(ml.GetOptionOrDefault<string>("device"));
    }

    [TestMethod]
    public void DeviceChoicesAreKept()
    {
        var ml = new MLContext { GpuDeviceId = 1, FallbackToCpu = false };
        Assert.AreEqual(1, ml.GpuDeviceId);
        Assert.IsFalse(ml.FallbackToCpu);
        Assert.IsNull(new MLContext().GpuDeviceId);
        Assert.IsFalse(new MLContext().FallbackToCpu);
    }

    [TestMethod]
    public void SweepAttributesKeepTheirValues()
    {
        var range = new RangeAttribute(1e-4f, 1e-2f, 1e-3f, logBase: true);
        Assert.AreEqual(1e-4f, range.Min);
        Assert.AreEqual(1e-3f, range.Init);
        Assert.IsTrue(range.LogBase);
        Assert.IsNull(new RangeAttribute(1, 5).Init);
        Assert.IsTrue(new BooleanChoiceAttribute().DefaultValue);
    }
}
