using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DocumentationDemo.Corpus;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Robustness;

/// <summary>
/// Trains in a child process that is killed at random moments and resumed until it is done, and compares the model's hash with that of an
/// uninterrupted run. Every second kill waits until a checkpoint is being written. With several ranks a random one of them is killed, and
/// the others have to end by themselves.
/// </summary>
internal static class KillCommand
{
    public static Subcommand Command()
    {
        var kills = new Option<int>("--kills") { Description = "number of processes to kill", DefaultValueFactory = _ => 30 };
        var seed = new Option<int>("--seed")
        {
            Description = "seed of the moments at which processes are killed", DefaultValueFactory = _ => 1,
        };
        var ranks = new Option<int>("--ranks")
        {
            Description = "ranks of the training, started by mpiexec; 1, 2 or 4, and at 1 without it", DefaultValueFactory = _ => 1,
        };
        var command =
            new Subcommand("kill", "kill a training at random moments, resume it, and compare the final model with an uninterrupted run's")
        {
            kills, seed, ranks,
        };
        command.SetAction(result => Run(result.GetValue(kills), result.GetValue(ranks), new Random(result.GetValue(seed))));
        return command;
    }

    private static int Run(int kills, int ranks, Random random)
    {
        string folder = Directory.CreateTempSubdirectory("mdm-kill-").FullName;
        try
        {
            var watch = Stopwatch.StartNew();
            (List<CorpusRow> documents, _) = DocumentationReader.Read(DocumentationReader.FindPacks(), CancellationToken.None);
            var training = new KilledTraining(folder, documents, random);
            string expected = training.Whole();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"uninterrupted, one process: {watch.Elapsed.TotalSeconds:0.0} s, model SHA-256 {expected}"));
            int rounds = 0, same = 0;
            while (training.Kills < kills)
            {
                string found = training.Killed($"run{++rounds}", ranks, kills - training.Kills, Console.WriteLine);
                same += found == expected ? 1 : 0;
                Console.WriteLine($"run {rounds} finished: model SHA-256 {found}{(found == expected ? ", the same" : ", DIFFERENT")}");
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{training.Kills} kills in a training of {(ranks == 1 ? "one process" : $"{ranks} ranks")}, which had ended within "
                + $"{training.SlowestEnd:0.0} s; {training.KillsWhileWriting} of the kills while a checkpoint was written or removed; "
                + $"{training.Resumed} resumed processes; "
                + $"{same} of {rounds} runs ended with the same model as the uninterrupted one; {watch.Elapsed.TotalSeconds:0} s"));
            return same == rounds ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
