using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion;

// A rank of the tests of MpiProcessGroup: does what its first argument names, and writes what it got into the folder that is the second.
if (args[0] == "find")
{
    // A file that is no MPI library is refused, and the right one found afterwards.
    try
    {
        MpiProcessGroup.Start(new() { LibraryPath = args[1] });
    }
    catch (DllNotFoundException error)
    {
        Console.WriteLine(error.Message);
    }
    args = ["exchange", args[2]];
}
// Short waits for what is waited for in vain alone: a busy machine may take its time elsewhere.
var shortWait = TimeSpan.FromSeconds(5);
using MpiProcessGroup group = MpiProcessGroup.Start(args[0] switch
{
    "join" => new() { StartWithin = shortWait },
    "freeze" or "meet" => new() { LostAfter = shortWait },
    _ => new(),
});
string folder = args[1];
switch (args[0])
{
    case "join":
        break;
    case "exchange":
        Exchange();
        break;
    case "freeze":
        Freeze();
        break;
    case "meet":
        Meet();
        break;
    case "leave":
        Leave();
        break;
    default:
        throw new ArgumentException($"There is no work named {args[0]}.");
}
return;

// Every call of the interface, with counts that the ranks do not divide.
void Exchange()
{
    var sums = new List<float[]>();
    foreach (int count in new[] { 0, 1, 3, 1000, 4099 })
    {
        float[] values = [.. Enumerable.Range(0, count).Select(i => Number(group.Rank, i))];
        group.AllReduce(values);
        sums.Add(values);
    }
    byte[] sent = [.. Enumerable.Range(0, 77).Select(i => (byte)(i + group.Rank))];
    group.Broadcast(sent, root: group.Size - 1);
    byte[][] gathered = [.. group.AllGather(new byte[group.Rank * 3])];
    group.Barrier();
    File.WriteAllText(Path.Combine(folder, $"rank{group.Rank}.json"), JsonSerializer.Serialize(
        new { Sums = sums, Sent = sent.Select(number => (int)number), Lengths = gathered.Select(bytes => bytes.Length), group.LocalRank }));
}

// The last rank goes while the others wait for it.
void Leave()
{
    if (group.Rank < group.Size - 1)
        group.Barrier();
}

// The second rank stands still, as on a machine that hangs.
void Freeze()
{
    if (group.Rank == 1)
        Process.Start("kill", ["-STOP", $"{Environment.ProcessId}"]).WaitForExit();
    group.Barrier();
}

// The ranks meet for as long as they can, three minutes at most.
void Meet()
{
    var clock = Stopwatch.StartNew();
    group.Barrier();
    if (group.Rank == 0)
        Console.WriteLine("The ranks have met.");
    while (clock.Elapsed < TimeSpan.FromMinutes(3))
        group.Barrier();
}

// Numbers of very different sizes, whose sum depends on the order of additions.
static float Number(int rank, int i) => (i % 2 == 0 ? 1 : -1) * MathF.Pow(10, (rank * 7 + i) % 9) / (i + 3f);
