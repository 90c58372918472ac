using System.Collections.Concurrent;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A server that loads its model's file anew while requests are served, as the pool of Microsoft.Extensions.ML does: the new model serves,
/// no request fails, the old model's memory comes back, and no file stays open.
/// </summary>
[TestClass]
public sealed class HotReloadTests
{
    private const int Clients = 4, Versions = 4;

    private readonly MLContext _ml = new(1);
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow(false, false)]
    [DataRow(false, true)]
    [DataRow(true, true)]
    public void TheNewModelServesAndTheOldOnesMemoryComesBack(bool isBesideZip, bool isLoadedByUs)
    {
        string zip = _folder.File("served.zip");
        long parameters = Parameters();
        float[] answers = [.. Enumerable.Range(0, Versions).Select(version => Write(version, zip, isBesideZip))];
        Assert.HasCount(Versions, answers.Distinct());
        Write(0, zip, isBesideZip);
        Pool.Load(_ml, zip, isLoadedByUs).Dispose();
        long before = LiveTensors();
        Serve(zip, isBesideZip, answers, isLoadedByUs);
        // TorchSharp goes on counting one tensor for every parameter that was ever disposed.
        const long Models = Versions - 1 + Versions;
        Assert.AreEqual(before + Models * parameters, LiveTensors(), "live tensors before the server and after it");
        foreach (string path in Directory.GetFiles(_folder.Path))
        {
            using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            {
            }
            File.Delete(path);
        }
    }

    // A method of its own, so that nothing of it is alive when it has returned.
    private void Serve(string zip, bool isBesideZip, float[] answers, bool isLoadedByUs)
    {
        using var pool = new Pool(_ml, zip, isLoadedByUs);
        var seen = new int[Versions];
        int current = 0;
        bool isDone = false;
        void Ask()
        {
            while (!Volatile.Read(ref isDone))
            {
                int oldest = Volatile.Read(ref current), version = Array.IndexOf(answers, pool.Predict("the cat"));
                Assert.IsGreaterThanOrEqualTo(oldest, version, "the model that was in force when it was asked, or a newer one");
                Interlocked.Increment(ref seen[version]);
            }
        }

        Task[] clients = [.. Enumerable.Range(0, Clients).Select(_ => Task.Factory.StartNew(
            Ask, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        for (int version = 0; version < Versions; version++)
        {
            if (version > 0)
            {
                Write(version, zip, isBesideZip);
                pool.Reload();
                Volatile.Write(ref current, version);
            }
            Assert.IsTrue(
                SpinWait.SpinUntil(
                    () => Volatile.Read(ref seen[version]) > Clients || clients.Any(client => client.IsCompleted),
                    TimeSpan.FromMinutes(1)),
                $"version {version} serves");
        }
        Volatile.Write(ref isDone, true);
        Task.WaitAll(clients);
    }

    private float Write(int version, string zip, bool isBesideZip)
    {
        using MaskedDiffusionModel model = TinyModel.Create(200 + (ulong)version);
        IDataView rows = _ml.Data.LoadFromEnumerable(TextRow.Make("the cat"));
        ITransformer transformer = _ml.MaskedDiffusion().ScoreLikelihood(model).Fit(rows);
        _ml.MaskedDiffusion().SaveModel(transformer, rows.Schema, zip, isBesideZip ? 0 : 64 << 20);
        return transformer.Transform(rows).GetColumn<float>("NegativeLogLikelihood").Single();
    }

    private static long Parameters()
    {
        using MaskedDiffusionModel model = TinyModel.Create();
        return TransformerNetwork.ParameterShapes(model.Config).Count();
    }

    private static long LiveTensors()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return torch.Tensor.TotalCount;
    }

    /// <summary>
    /// Engines over the model in force. What ML.NET itself has loaded is left to the garbage collector, as the pool of
    /// Microsoft.Extensions.ML does; what this library has loaded is disposed after the last request that it serves.
    /// </summary>
    private sealed class Pool(MLContext ml, string path, bool isLoadedByUs) : IDisposable
    {
        private readonly Lock _gate = new();
        private Served _current = Load(ml, path, isLoadedByUs);

        public static Served Load(MLContext ml, string path, bool isLoadedByUs) =>
            new(ml, isLoadedByUs ? ml.MaskedDiffusion().LoadModel(path, out _) : new MLContext().Model.Load(path, out _), isLoadedByUs);

        public float Predict(string text)
        {
            Served served;
            lock (_gate)
            {
                served = _current;
                served.Requests++;
            }
            try
            {
                return served.Predict(text);
            }
            finally
            {
                Leave(served, requests: 1);
            }
        }

        public void Reload()
        {
            Served next = Load(ml, path, isLoadedByUs), old;
            lock (_gate)
                (old, _current) = (_current, next);
            Leave(old, requests: 0);
        }

        public void Dispose() => _current.Dispose();

        private void Leave(Served served, int requests)
        {
            bool isLast;
            lock (_gate)
            {
                served.Requests -= requests;
                isLast = served.Requests == 0 && served != _current;
            }
            if (isLast)
                served.Dispose();
        }
    }

    private sealed class Served(MLContext ml, ITransformer transformer, bool isDisposed) : IDisposable
    {
        private readonly ConcurrentBag<PredictionEngine<TextRow, LikelihoodRow>> _engines = [];

        public int Requests { get; set; }

        public float Predict(string text)
        {
            if (!_engines.TryTake(out PredictionEngine<TextRow, LikelihoodRow>? engine))
            {
                engine = ml.Model.CreatePredictionEngine<TextRow, LikelihoodRow>(
                    transformer, new PredictionEngineOptions { OwnsTransformer = false });
            }
            float answer = engine.Predict(new TextRow { Text = text }).NegativeLogLikelihood;
            _engines.Add(engine);
            return answer;
        }

        public void Dispose()
        {
            if (isDisposed)
                (transformer as IDisposable)?.Dispose();
        }
    }
}
