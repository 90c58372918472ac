using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Groups of real processes, on MPICH.</summary>
[TestClass]
public sealed class MpiProcessGroupTests
{
    private const string Ranks = "Microsoft.ML.MaskedDiffusion.Ranks.dll", Mdm = "mdm.dll";

    private readonly TemporaryFolder _folder = new();

    private sealed record Exchanged(float[][] Sums, int[] Sent, int[] Lengths, int LocalRank);

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    [DataRow(4)]
    public void ExchangesWhatTheInterfacePromises(int size)
    {
        MpiRun.Run(size, Ranks, "exchange", _folder.Path);
        Exchanged[] ranks = [.. Enumerable.Range(0, size).Select(
            rank => JsonSerializer.Deserialize<Exchanged>(File.ReadAllText(_folder.File($"rank{rank}.json")))!)];
        int[] counts = [0, 1, 3, 1000, 4099];
        for (int rank = 0; rank < size; rank++)
        {
            for (int i = 0; i < counts.Length; i++)
            {
                float[] expected = [.. Enumerable.Range(0, counts[i]).Select(
                    at => TreeSum([.. Enumerable.Range(0, size).Select(other => Number(other, at))]))];
                CollectionAssert.AreEqual(expected, ranks[rank].Sums[i], $"rank {rank}, {counts[i]} numbers");
            }
            CollectionAssert.AreEqual(Enumerable.Range(0, 77).Select(i => i + size - 1).ToArray(), ranks[rank].Sent);
            CollectionAssert.AreEqual(Enumerable.Range(0, size).Select(other => other * 3).ToArray(), ranks[rank].Lengths);
            Assert.AreEqual(rank, ranks[rank].LocalRank);
        }
    }

    [TestMethod]
    public void AProcessThatNeverJoinsIsNotWaitedForForEver()
    {
        using MpiRun run = MpiRun.Start(1, Ranks, "join", _folder.Path, ":", "-n", "1", "true");
        Assert.AreNotEqual(0, run.WaitForEnd());
        StringAssert.Contains(run.Output, "The other processes have not joined within 5 seconds.");
    }

    [TestMethod]
    public void AFileThatIsNoMpiLibraryIsRefusedAndAnotherMayBeTried()
    {
        string output = MpiRun.Run(1, Ranks, "find", "libc.so.6", _folder.Path);
        StringAssert.Contains(output, "libc.so.6 is no MPI library: it has no MPI_Init_thread.");
        Assert.IsTrue(File.Exists(_folder.File("rank0.json")));
    }

    [TestMethod]
    public void ProcessesThatWouldEachDoTheWholeWorkAreRefused()
    {
        using MpiRun run = MpiRun.Start(2, Mdm, Training("model"));
        Assert.AreEqual(2, run.WaitForEnd());
        StringAssert.Contains(run.Output, "error: mpiexec has started 2 processes, and each of them would do the whole work. Add --mpi");
    }

    [TestMethod]
    public void ARankThatLeavesIsNotWaitedForForEver()
    {
        using MpiRun run = MpiRun.Start(3, Ranks, "leave", _folder.Path);
        Assert.AreNotEqual(0, run.WaitForEnd());
        StringAssert.Contains(run.Output, "Rank 2 of 3 (from 0) has left the group, while rank ");
    }

    [TestMethod]
    public void ARankThatDoesNotAnswerIsNamedAndEndsAll()
    {
        using MpiRun run = MpiRun.Start(3, Ranks, "freeze", _folder.Path);
        Assert.AreNotEqual(0, run.WaitForEnd());
        StringAssert.Contains(run.Output, "Rank 1 of 3 (from 0), process ");
        StringAssert.Contains(run.Output, $" on {Environment.MachineName}, has not answered for 5 seconds. All ranks end.");
    }

    [TestMethod]
    public void ProcessesTrainTheModelOfOneProcess()
    {
        string expected = WeightsOf("alone", ranks: null, "--set", "Trainer.Compute.VirtualRanks=4");
        foreach (int ranks in new[] { 1, 2, 4 })
        {
            Assert.AreEqual(expected, WeightsOf($"with{ranks}", ranks, "--set", "Trainer.Compute.VirtualRanks=4",
                "--checkpoints", _folder.File($"run{ranks}")));
        }
    }

    [TestMethod]
    public void TwoHostsTrainTheModelOfOneProcess()
    {
        using TwoHosts hosts = TwoHosts.Require();
        string expected = WeightsOf("alone", ranks: null, "--set", "Trainer.Compute.VirtualRanks=2");
        using MpiRun run = MpiRun.Start(hosts, Mdm, [.. Training("hosts"), "--mpi"]);
        Assert.AreEqual(0, run.WaitForEnd(), run.Output);
        Assert.AreEqual(expected, HashOf("hosts"));
    }

    [TestMethod]
    public void AHostThatTheNetworkLosesEndsBoth()
    {
        using TwoHosts hosts = TwoHosts.Require();
        using MpiRun run = MpiRun.Start(hosts, Ranks, "meet", _folder.Path);
        run.WaitFor("The ranks have met.");
        hosts.Cut();
        Assert.AreNotEqual(0, run.WaitForEnd());
        StringAssert.Contains(run.Output, $"Rank 1 of 2 (from 0), process ");
        StringAssert.Contains(run.Output, "has not answered for 5 seconds. All ranks end.");
    }

    [TestMethod]
    public void AKilledRankEndsAllIsNamedAndTheRunGoesOnWithOtherRanks()
    {
        string[] longer = ["--set", "Trainer.MaxSteps=300"];
        string[] checkpointed = [.. longer, "--checkpoints", _folder.File("run"), "--set", "Trainer.Checkpoints.Interval=3"];
        string expected = WeightsOf("alone", ranks: null, [.. longer, "--set", "Trainer.Compute.VirtualRanks=4"]);
        // A shell between mpiexec and rank 2 outlives it: where MPICH's mpiexec sees a death, it kills the other ranks in the same moment,
        // before they can say whose, and its own message may name one that it has killed.
        string[] lost = [.. Training("lost"), .. checkpointed, "--mpi"], program = ["dotnet", "exec", MpiRun.PathOf(Mdm), .. lost];
        string[] others = [":", "-n", "1", "sh", "-c", "\"$@\"; exec tail -f /dev/null", "sh", .. program, ":", "-n", "1", .. program];
        using (MpiRun run = MpiRun.Start(2, Mdm, [.. lost, .. others]))
        {
            run.WaitFor("rank 3: process ");
            string victim = run.Output.Split("rank 2: process ")[1].Split(' ')[0];
            // Later ones count too: only the last three are kept.
            run.WaitFor(() => Directory.Exists(_folder.File("run")) && Directory.GetDirectories(_folder.File("run"), "step-*")
                .Any(path => string.CompareOrdinal(Path.GetFileName(path), "step-000000006") >= 0), "The second checkpoint");
            using (Process killed = Process.GetProcessById(int.Parse(victim, CultureInfo.InvariantCulture)))
                killed.Kill();
            Assert.AreNotEqual(0, run.WaitForEnd());
            StringAssert.Contains(
                run.Output, $"Rank 2 of 4 (from 0), process {victim} on {Environment.MachineName}, has ended unexpectedly. All ranks end.");
        }
        Assert.IsFalse(File.Exists(_folder.File("lost.mdm")));
        string output = MpiRun.Run(2, Mdm, [.. Training("resumed"), .. checkpointed, "--resume", "--mpi"]);
        Assert.AreEqual(expected, HashOf("resumed"));
        StringAssert.Contains(output, "Resumed at step ");
    }

    [TestMethod]
    public void TheToolScoresEvaluatesAndSearchesOnRanksAsInOneProcess()
    {
        using (MaskedDiffusionModel model = TinyModel.Create())
            model.Save(_folder.File("lm.mdm"));
        File.WriteAllLines(_folder.File("in.jsonl"), Enumerable.Range(0, 21).Select(i => $$"""{"Text": "the cat sat on mat {{i}}"}"""));
        File.WriteAllLines(_folder.File("piqa_validation.jsonl"), Enumerable.Range(0, 9).Select(
            i => $$"""{"goal": "where is the cat {{i}}", "sol1": "on the mat", "sol2": "in the sea", "label": {{i % 2}}}"""));
        string[] batch = ["batch", _folder.File("in.jsonl"), _folder.File("out.jsonl"), "--model", _folder.File("lm.mdm"), "--overwrite"];
        string[] eval = ["eval", _folder.File("piqa_validation.jsonl"), "--model", _folder.File("lm.mdm"), "--samples", "4", "--truncate",
            "--json"];
        string[] search = [.. Training("best"), "--trials", "3", "--set", "Search.Rungs=2", "--json"];
        search[0] = "search";
        search = [.. search.Select(word => word.Replace("Trainer.", "Search.Trainer.", StringComparison.Ordinal))];
        List<string[]> results = [];
        foreach (int ranks in new[] { 1, 2 })
        {
            string[] mpi = ranks == 1 ? [] : ["--mpi"];
            MpiRun.Run(ranks, Mdm, [.. batch, .. mpi]);
            string evaluated = MpiRun.Run(ranks, Mdm, [.. eval, .. mpi]).Split('\n').Single(line => line.StartsWith('{'));
            string trials = MpiRun.Run(ranks, Mdm, [.. search, "--folder", _folder.File($"search{ranks}"), .. mpi]);
            results.Add(
            [
                File.ReadAllText(_folder.File("out.jsonl")), Without("seconds", evaluated),
                .. trials.Split('\n').Where(line => line.StartsWith('{')).Select(line => Without("seconds", line)), HashOf("best"),
            ]);
        }
        Assert.HasCount(6, results[0]);
        CollectionAssert.AreEqual(results[0], results[1]);
    }

    [TestMethod]
    public void AnErrorOnAllRanksAndOneOnASingleRankAreTold()
    {
        using MpiRun common = MpiRun.Start(2, Mdm, [.. Training("model"), "--set", "Trainer.BatchSize=3", "--mpi"]);
        Assert.AreEqual(2, common.WaitForEnd());
        StringAssert.Contains(
            common.Output, "rank 1: error: Trainer.BatchSize is 3; it must be a multiple of 2, the number of ranks in ProcessGroup.");
        using MpiRun single = MpiRun.Start(1, Mdm, [.. Training("model"), "--seed", "1", "--mpi", ":", "-n", "1", "dotnet", "exec",
            MpiRun.PathOf(Mdm), .. Training("model"), "--seed", "2", "--mpi"]);
        Assert.AreNotEqual(0, single.WaitForEnd());
        StringAssert.Contains(single.Output, "rank 1: Seed is 2, and on rank 0 1");
    }

    private string[] Training(string name)
    {
        string text = _folder.File("text.txt");
        if (!File.Exists(text))
        {
            File.WriteAllText(text, string.Concat(Enumerable.Range(0, 300).Select(
                i => $"The {(i % 3 == 0 ? "cat" : "dog")} sat on {(i % 5 == 0 ? "a log" : "the mat")} number {i}.\n\n")));
        }
        return ["train", text, "--out", _folder.File(name + ".mdm"), "--overwrite", "--vocabulary", "280",
            "--set", "Trainer.MaxSteps=12", "--set", "Trainer.BatchSize=8", "--set", """
            Trainer.Network={"LayerCount":1,"HeadCount":2,"EmbeddingSize":32,"FeedForwardSize":64,"ContextLength":16}
            """.Trim()];
    }

    // Trains by the tool, on ranks or in one process that knows of none, and returns a hash of the weights.
    private string WeightsOf(string name, int? ranks, params string[] options)
    {
        string[] arguments = [.. Training(name), .. options];
        if (ranks is { } count)
            MpiRun.Run(count, Mdm, [.. arguments, "--mpi"]);
        else
            MpiRun.Run(1, Mdm, arguments);
        return HashOf(name);
    }

    private static string Without(string field, string json)
    {
        JsonObject line = JsonNode.Parse(json)!.AsObject();
        line.Remove(field);
        return line.ToJsonString();
    }

    private string HashOf(string name)
    {
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(_folder.File(name + ".mdm"), "cpu");
        using var hashing = new HashingStream(Stream.Null);
        SafetensorsWriter.Write(hashing,
            model.Network.Parameters.Select(item => KeyValuePair.Create(item.Key, (torch.Tensor)item.Value)));
        return hashing.Hash;
    }

    // The numbers of the program of the ranks.
    private static float Number(int rank, int i) => (i % 2 == 0 ? 1 : -1) * MathF.Pow(10, (rank * 7 + i) % 9) / (i + 3f);

    private static float TreeSum(ReadOnlySpan<float> numbers)
    {
        if (numbers.Length == 1)
            return numbers[0];
        int half = numbers.Length switch { 2 => 1, 3 or 4 => 2, _ => throw new NotSupportedException() };
        return TreeSum(numbers[..half]) + TreeSum(numbers[half..]);
    }
}
