using Mdm;
using Mdm.Data;
using Mdm.Output;
using Mdm.Settings;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Places where commands save models: looked at before the work, and nothing that is made is lost after it.</summary>
[TestClass]
public sealed class ModelTargetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _error = new();
    private readonly MaskedDiffusionModel _model = TinyModel.Create();

    public void Dispose()
    {
        _model.Dispose();
        _error.Dispose();
        _folder.Dispose();
    }

    [TestMethod]
    [DataRow("book.txt")]
    [DataRow("book.mdm")]
    [DataRow("book.zip")]
    [DataRow("folder")]
    public void WhatIsNoModelIsRefusedBeforeTheWork(string name)
    {
        string path = _folder.File(name);
        string kept = name == "folder" ? Path.Combine(path, "note.txt") : path;
        Directory.CreateDirectory(Path.GetDirectoryName(kept)!);
        File.WriteAllText(kept, "mine");
        Assert.ThrowsExactly<UsageException>(() => Take(path, overwrite: true));
        Assert.AreEqual("mine", File.ReadAllText(kept));
    }

    [TestMethod]
    public void APlaceWhereNothingCanBeWrittenIsRefusedBeforeTheWork()
    {
        File.WriteAllText(_folder.File("file"), "");
        UsageException error = Assert.ThrowsExactly<UsageException>(() => Take(Path.Combine(_folder.File("file"), "lm.mdm"), false));
        StringAssert.Contains(error.Message, "lm.mdm");
        Assert.ThrowsExactly<UsageException>(() => Take("", overwrite: false));
    }

    [TestMethod]
    public void APlaceIsOneRunsAlone()
    {
        string path = _folder.File("lm.mdm");
        using (ModelTarget target = Take(path, overwrite: false))
        {
            StringAssert.Contains(Assert.ThrowsExactly<UsageException>(() => Take(path, overwrite: true)).Message, "Another run");
            target.Save(_model);
        }
        Take(path, overwrite: true).Dispose();
        CollectionAssert.AreEqual(new[] { path }, Directory.GetFileSystemEntries(Path.GetDirectoryName(path)!));
    }

    [TestMethod]
    [DataRow("lm.mdm", "lm-1.mdm")]
    [DataRow("lm.zip", "lm-1.zip")]
    [DataRow("lm", "lm-1")]
    public void WhatAppearsDuringTheWorkStays(string name, string expected)
    {
        string path = _folder.File(name);
        using ModelTarget target = Take(path, overwrite: false);
        File.WriteAllText(path, "mine");
        target.Save(_model);
        Assert.AreEqual("mine", File.ReadAllText(path));
        Assert.AreEqual(_folder.File(expected), target.Path);
        StringAssert.Contains(_error.ToString(), target.Path);
        MLContext ml = new();
        using MaskedDiffusionModel saved = ml.MaskedDiffusion().OpenModel(target.Path);
        Assert.AreEqual(_model.Config.ParameterCount, saved.Config.ParameterCount);
    }

    [TestMethod]
    public void AModelThatCannotBeSavedAtItsPlaceIsSavedElsewhere()
    {
        string path = _folder.File("lm.mdm");
        using ModelTarget target = Take(path, overwrite: true);
        File.WriteAllText(path, "mine");
        IOException error = Assert.ThrowsExactly<IOException>(() => target.Save(_model));
        Assert.AreEqual("mine", File.ReadAllText(path));
        string rescue = Path.GetTempPath();
        int told = error.Message.IndexOf("so it was saved to", StringComparison.Ordinal);
        int start = error.Message.IndexOf(rescue, told, StringComparison.Ordinal);
        string saved = error.Message[start..(error.Message.IndexOf(".mdm", start, StringComparison.Ordinal) + 4)];
        try
        {
            using MaskedDiffusionModel model = MaskedDiffusionModel.Load(saved);
            Assert.AreEqual(_model.Config.ParameterCount, model.Config.ParameterCount);
        }
        finally
        {
            File.Delete(saved);
        }
    }

    private ModelTarget Take(string path, bool overwrite)
    {
        var console = new ToolConsole
        {
            In = Stream.Null, Out = TextWriter.Null, Error = _error, Progress = () => new ConsoleProgress(TextWriter.Null),
        };
        return ModelTarget.Take(
            path, overwrite, new ToolContext(console, false, SingleProcess.Instance, message => message, CancellationToken.None));
    }
}
