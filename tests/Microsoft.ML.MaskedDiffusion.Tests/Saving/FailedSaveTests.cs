
namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Every way to save, on a disk that is full, read-only or not there: one error that says where and why, and the old model stays.
/// </summary>
[TestClass]
public sealed class FailedSaveTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create(), Other = TinyModel.Create(99);

    private static readonly List<TextRow> Texts = TextRow.Make("the cat sat", "a small bird");

    private static readonly UnixFileMode ReadOnly =
        UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly MLContext _ml = new(1);

    // A name, and how to write a model under it.
    private (string Name, Action<MaskedDiffusionModel, string> Save, Func<string, float[]> Score)[] Ways =>
    [
        ("folder", (model, path) => model.Save(path), ScoreModel),
        ("model.mdm", (model, path) => model.Save(path), ScoreModel),
        ("inside.zip", (model, path) => _ml.MaskedDiffusion().SaveModel(Transformer(model), View().Schema, path), ScoreZip),
        ("beside.zip", (model, path) =>
            _ml.MaskedDiffusion().SaveModel(Transformer(model), View().Schema, path, selfContainedLimit: 0), ScoreZip),
    ];

    [ClassCleanup]
    public static void Free()
    {
        Model.Dispose();
        Other.Dispose();
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    public void SomebodysFileIsNotReplaced(int way)
    {
        using var folder = new TemporaryFolder();
        (string name, Action<MaskedDiffusionModel, string> save, _) = Ways[way];
        string path = folder.File(name), file = path;
        if (name == "folder")
        {
            Directory.CreateDirectory(path);
            file = Path.Combine(path, "notes.txt");
        }
        File.WriteAllText(file, "mine");
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => save(Model, path)).Message, "not replaced");
        Assert.AreEqual("mine", File.ReadAllText(file));
        Assert.HasCount(1, Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    public void AFullDiskKeepsTheOldModel(int way)
    {
        using TinyDisk disk = TinyDisk.Require(4096);
        Check(disk, way, disk.Fill, "No space left");
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    public void AReadOnlyDiskKeepsTheOldModel(int way)
    {
        using TinyDisk disk = TinyDisk.Require(4096);
        Check(disk, way, disk.MakeReadOnly, "Read-only file system");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void ADiskThatFillsHalfwayOrAtTheEndKeepsTheOldModel(bool atTheEnd)
    {
        using TinyDisk disk = TinyDisk.Require(4096);
        foreach ((string name, Action<MaskedDiffusionModel, string> save, _) in Ways)
        {
            save(Model, disk.File(name));
            // Room for a half of it, and the error comes in the midst of the weights; or for all but its last page.
            long size = SizeOf(disk.Path), room = 4096 * 1024 - size, left = (atTheEnd ? size - 4096 : size / 2) / 4096 * 4096;
            File.WriteAllBytes(disk.File("ballast"), new byte[room - left]);
            string[] before = Entries(disk.Path);
            IOException error = Assert.ThrowsExactly<IOException>(() => save(Other, disk.File(name)), name);
            StringAssert.Contains(error.Message, disk.File(name));
            CollectionAssert.AreEqual(before, Entries(disk.Path), name);
            File.Delete(disk.File("ballast"));
            foreach (string entry in Directory.GetFileSystemEntries(disk.Path))
            {
                if (Directory.Exists(entry))
                    Directory.Delete(entry, recursive: true);
                else
                    File.Delete(entry);
            }
        }
    }

    [TestMethod]
    public void AFolderThatMayNotBeWrittenKeepsTheOldModel()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Windows has no Unix permissions, and its read-only attribute does not stop new files in a folder.");
            return;
        }
        using var folder = new TemporaryFolder();
        foreach ((string name, Action<MaskedDiffusionModel, string> save, _) in Ways)
        {
            save(Model, folder.File(name));
            string[] before = Entries(folder.Path);
            SetMode(folder.Path, ReadOnly);
            try
            {
                string path = folder.File(name);
                string message = OrdinaryUser.Run(() => Assert.ThrowsExactly<IOException>(() => save(Other, path), name).Message);
                StringAssert.Contains(message, path);
                CollectionAssert.AreEqual(before, Entries(folder.Path), name);
            }
            finally
            {
                SetMode(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
    }

    [TestMethod]
    public void AFolderThatIsNotThereIsNamed()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "missing", "lm.zip");
        string message = Assert.ThrowsExactly<DirectoryNotFoundException>(() =>
            _ml.MaskedDiffusion().SaveModel(Transformer(Model), null, path)).Message;
        StringAssert.Contains(message, path);
        StringAssert.Contains(message, "Create it first");
    }

    [TestMethod]
    public void AStreamThatFailsIsHeardFromMLNetToo()
    {
        using var whole = new MemoryStream();
        _ml.Model.Save(Transformer(Model), View().Schema, whole);
        foreach (long room in new[] { 0, 100, whole.Length / 2, whole.Length - 1 })
        {
            using var stream = new LimitedStream(room);
            // ML.NET itself keeps silent about the last bytes.
            if (room < whole.Length - 1)
                Assert.ThrowsExactly<IOException>(() => _ml.Model.Save(Transformer(Model), View().Schema, stream), $"{room} bytes");
            else
                Unthrown(() => _ml.Model.Save(Transformer(Model), View().Schema, stream));
            // What got through is refused: nothing half-written is read as whole.
            using var written = new MemoryStream(stream.Written);
            Assert.Throws<Exception>(() =>
                new MLContext().MaskedDiffusion().Unwrap(new MLContext().Model.Load(written, out _)), $"{room} bytes");
        }
    }

    [TestMethod]
    public void ASideFileThatWasThereStaysWhenTheZipFails()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("lm.zip");
        _ml.MaskedDiffusion().SaveModel(Transformer(Model), null, path, selfContainedLimit: 0);
        string[] before = Entries(folder.Path);
        foreach (MaskedDiffusionModel model in new[] { Model, Other })
        {
            ITransformer broken = new Data.TransformerChain<ITransformer>(Transformer(model),
                _ml.Transforms.CustomMapping<TextRow, TextRow>((a, b) => b.Text = a.Text, null).Fit(View()));
            Assert.ThrowsExactly<InvalidOperationException>(() =>
                _ml.MaskedDiffusion().SaveModel(broken, null, path, selfContainedLimit: 0));
            CollectionAssert.AreEqual(before, Entries(folder.Path));
        }
        Assert.HasCount(2, ScoreZip(path));
    }

    private void Check(TinyDisk disk, int way, Action spoil, string reason)
    {
        (string name, Action<MaskedDiffusionModel, string> save, Func<string, float[]> score) = Ways[way];
        string path = disk.File(name);
        save(Model, path);
        float[] expected = score(path);
        spoil();
        string[] before = Entries(disk.Path);
        IOException error = Assert.ThrowsExactly<IOException>(() => save(Other, path));
        foreach (string part in new[] { path, reason, "What was there before is unchanged", "Free space" })
            StringAssert.Contains(error.Message, part);
        CollectionAssert.AreEqual(before, Entries(disk.Path), "nothing new, nothing gone");
        CollectionAssert.AreEqual(expected, score(path));
    }

    private static void Unthrown(Action save)
    {
        try
        {
            save();
        }
        catch (IOException)
        {
            // Either is right: the point is that what was there before stays.
        }
    }

    private static void SetMode(string folder, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, mode);
    }

    private IDataView View() => _ml.Data.LoadFromEnumerable(Texts);

    private LikelihoodScoringTransformer Transformer(MaskedDiffusionModel model) =>
        _ml.MaskedDiffusion().ScoreLikelihood(model, new LikelihoodScoringOptions { Likelihood = new LikelihoodOptions { Samples = 4 } })
        .Fit(View());

    private float[] Scores(ITransformer transformer) =>
        [.. LikelihoodRow.Read(_ml, transformer.Transform(View())).Select(row => row.NegativeLogLikelihood)];

    private float[] ScoreModel(string path)
    {
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(path, "cpu");
        return Scores(Transformer(model));
    }

    private float[] ScoreZip(string path)
    {
        ITransformer loaded = _ml.MaskedDiffusion().LoadModel(path, out _);
        using (loaded as IDisposable)
            return Scores(loaded);
    }

    private static string[] Entries(string folder) =>
        [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(file => $"{file} {new FileInfo(file).Length}")];

    private static long SizeOf(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Sum(file => (new FileInfo(file).Length + 4095) / 4096 * 4096);

    private sealed class LimitedStream(long room) : Stream
    {
        private readonly MemoryStream _written = new();

        public byte[] Written => _written.ToArray();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count)
        {
            int fits = (int)Math.Min(count, room - _written.Length);
            _written.Write(buffer, offset, fits);
            if (fits < count)
                throw new IOException("No space left on device");
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
