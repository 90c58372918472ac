using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What Linux's files grant a process, with prepared files.</summary>
[TestClass]
public sealed class MachineMemoryTests
{
    private const long Machine = 65_536_000L * 1024;
    private const string SixteenGibibytes = "17179869184";

    [TestMethod]
    [DataRow("0::/", "memory.max", SixteenGibibytes, 16L << 30)]                                             // a container of version 2
    [DataRow("0::/user.slice/job", "user.slice/job/memory.max", SixteenGibibytes, 16L << 30)]
    [DataRow("0::/user.slice/job", "user.slice/memory.max", SixteenGibibytes, 16L << 30)]                    // of the group above
    [DataRow("0::/", "memory.max", "max", Machine)]
    [DataRow("4:memory:/", "memory/memory.limit_in_bytes", SixteenGibibytes, 16L << 30)]                     // one of version 1
    [DataRow("4:cpu,memory:/docker/01ef", "memory/memory.limit_in_bytes", SixteenGibibytes, 16L << 30)]      // under the host's name
    [DataRow("4:memory:/", "memory/memory.limit_in_bytes", "9223372036854771712", Machine)]                  // which means none
    [DataRow("4:cpu:/", "memory/memory.limit_in_bytes", SixteenGibibytes, Machine)]
    public void ALimitOfAControlGroupCountsWhole(string group, string file, string limit, long expected)
    {
        using var folder = new TemporaryFolder();
        WriteMachine(folder, group);
        Write(folder, "sys/fs/cgroup/" + file, limit + "\n");
        Assert.AreEqual<long?>(expected, MachineMemory.Read(folder.Path));
    }

    [TestMethod]
    public void TheLeastLimitCounts()
    {
        using var folder = new TemporaryFolder();
        WriteMachine(folder, "0::/a/b");
        Write(folder, "sys/fs/cgroup/memory.max", "max\n");
        Write(folder, "sys/fs/cgroup/a/memory.max", "3000\n");
        Write(folder, "sys/fs/cgroup/a/b/memory.max", "4000\n");
        Assert.AreEqual<long?>(3000, MachineMemory.Read(folder.Path));
    }

    [TestMethod]
    public void WithoutLimitsItIsTheMachinesAndWithoutFilesWhatTheRuntimeSays()
    {
        using var folder = new TemporaryFolder();
        Assert.IsNull(MachineMemory.Read(folder.Path));
        WriteMachine(folder, "no line of a group");
        Assert.AreEqual<long?>(Machine, MachineMemory.Read(folder.Path));
        Assert.IsGreaterThan(0L, MachineMemory.Bytes);
    }

    private static void WriteMachine(TemporaryFolder folder, string group)
    {
        Write(folder, "proc/meminfo", "MemTotal:       65536000 kB\nMemFree:        15299812 kB\n");
        Write(folder, "proc/self/cgroup", $"8:pids:/\n{group}\n");
    }

    private static void Write(TemporaryFolder folder, string name, string text)
    {
        string path = folder.File(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
