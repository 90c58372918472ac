using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class DeviceChoiceTests
{
    [TestMethod]
    public void TheProcessorAndAutoAreAlwaysThere()
    {
        Assert.AreEqual(DeviceType.CPU, DeviceChoice.Resolve("cpu").type);
        string automatic = DeviceChoice.Describe(DeviceChoice.Resolve("auto"));
        Assert.AreEqual(torch.cuda.is_available() ? "cuda:0" : "cpu", automatic);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("CPU")]
    [DataRow("gpu")]
    [DataRow("cuda:")]
    [DataRow("cuda:-1")]
    [DataRow("cuda: 1")]
    [DataRow("cuda:99999999999")]
    public void OtherWordsAreRefusedWithTheKnownOnes(string device)
    {
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => DeviceChoice.Validate(device)).Message;
        StringAssert.Contains(message, "\"auto\", \"cpu\", \"cuda\"");
        // The trainer's options and whatever opens a model say the same.
        StringAssert.StartsWith(message, $"Option Device is '{device}'; it must be ");
        Assert.AreEqual(message, Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => DeviceChoice.Resolve(device)).Message);
    }

    [TestMethod]
    public void AGpuThatIsNotThereIsRefused()
    {
        DeviceChoice.Validate("cuda:999");
        Assert.ThrowsExactly<ArgumentException>(() => DeviceChoice.Resolve("cuda:999"));
        using var folder = new TemporaryFolder();
        using MaskedDiffusionModel model = TinyModel.Create();
        model.Save(folder.File("lm.mdm"));
        StringAssert.StartsWith(
            Assert.ThrowsExactly<ArgumentException>(() => MaskedDiffusionModel.Load(folder.File("lm.mdm"), "cuda:999")).Message,
            "Device \"cuda:999\" was asked for, but");
    }

    [TestMethod]
    public void AFailureToLoadBecomesOneTellingError()
    {
        var failure = new TypeInitializationException("TorchSharp.torch", new DllNotFoundException("looked for libtorch_cpu.so in /opt"));
        TorchUnavailableException error = NativeRuntime.Explain(failure);
        StringAssert.Contains(error.Message, "TorchSharp-cpu");
        StringAssert.Contains(error.Message, "looked for libtorch_cpu.so in /opt");
        Assert.AreSame(failure, error.InnerException);
    }
}
