using Microsoft.ML.MaskedDiffusion.ProcessGroups;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What ranks do together: results, errors and cancellations reach all of them.</summary>
[TestClass]
public sealed class GroupWorkTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    public void EachRankGetsTheResultsOfAll(int size)
    {
        int[][] ranks = ThreadGroup.Run(size, group => group.Gather(() => group.Rank * 10));
        foreach (int[] results in ranks)
            CollectionAssert.AreEqual(Enumerable.Range(0, size).Select(rank => rank * 10).ToArray(), results);
        Assert.IsTrue(ThreadGroup.Run(size, group => group.FromFirst(() => group.Rank + 7)).All(value => value == 7));
    }

    [TestMethod]
    public void AnErrorIsToldToAllAndCountsMoreThanACancellation()
    {
        (_, Exception?[] errors) = ThreadGroup.Try(3, group => group.Together(() => group.Rank switch
        {
            0 => throw new OperationCanceledException(),
            1 => throw new InvalidDataException("The file is damaged."),
            _ => true,
        }));
        Assert.AreEqual("The file is damaged.", Assert.IsInstanceOfType<InvalidDataException>(errors[1]).Message);
        foreach (int rank in new[] { 0, 2 })
        {
            Assert.AreEqual("Rank 1 of 3 (from 0) cannot go on: The file is damaged.",
                Assert.IsInstanceOfType<RankFailedException>(errors[rank]).Message);
        }
        (_, errors) = ThreadGroup.Try(2, group => group.Together(() => group.Rank == 1 ? throw new OperationCanceledException() : true));
        Assert.IsTrue(errors.All(error => error is OperationCanceledException));
        StringAssert.Contains(errors[0]!.Message, "Rank 1 of 2 (from 0) was cancelled");
    }

    [TestMethod]
    public void DifferentCallsAreNoticed()
    {
        (_, Exception?[] errors) = ThreadGroup.Try(2, group =>
            group.Rank == 0 ? group.Gather(() => 1, "the first work")[0] : group.Gather(() => "a", "the second work").Length);
        foreach (Exception? error in errors)
            StringAssert.StartsWith(error!.Message, "Rank 1 is at the second work, while rank 0 is at the first work.");
    }

    [TestMethod]
    public void AFolderThatIsNotSharedIsRefused()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("0"));
        Directory.CreateDirectory(folder.File("1"));
        bool Require(IProcessGroup group, string name)
        {
            group.RequireShared(folder.File(name), "Folder");
            return true;
        }
        ThreadGroup.Run(2, group => Require(group, "0"));
        (_, Exception?[] errors) = ThreadGroup.Try(2, group => Require(group, $"{group.Rank}"));
        StringAssert.EndsWith(errors[1]!.Message,
            "of rank 1 is another one than that of rank 0. Set Folder to a folder on a drive that all ranks share.");
        Assert.IsInstanceOfType<RankFailedException>(errors[0]);
        Assert.AreEqual(0, Directory.EnumerateFileSystemEntries(folder.File("0")).Count());
    }

    [TestMethod]
    public void TheRecipeOfAGroupCountsItsCoresAndFitsItsRanks()
    {
        TrainerOptions[] ranks = ThreadGroup.Run(4, group => TrainingRecipes.Fast(600, processGroup: group));
        TrainerOptions one = TrainingRecipes.Fast(600, cores: 4 * Environment.ProcessorCount);
        foreach (TrainerOptions options in ranks)
        {
            Assert.AreEqual(one.Network, options.Network);
            Assert.AreEqual(16, options.BatchSize);
            Assert.AreEqual(4, options.ProcessGroup.Size);
        }
        Assert.AreEqual(14, one.BatchSize);
        int BatchSize(int size) => ThreadGroup.Run(size, group => TrainingRecipes.Fast(cores: 2, processGroup: group))[0].BatchSize;
        CollectionAssert.AreEqual(new[] { 16, 16, 15, 16 }, new[] { 1, 2, 3, 8 }.Select(BatchSize).ToArray());
    }
}
