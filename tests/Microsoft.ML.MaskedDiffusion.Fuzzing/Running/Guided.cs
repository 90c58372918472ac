using System.Runtime.InteropServices;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;
using SharpFuzz;
using SharpFuzz.Common;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Running;

/// <summary>Lets AFL++ make the mutants, which keeps those that reach new code: see README.md.</summary>
internal static class Guided
{
    /// <summary>Writes the inputs to begin with, a file each.</summary>
    public static void WriteInputs(string format, string folder)
    {
        Directory.CreateDirectory(folder);
        IReadOnlyList<byte[]> inputs = Find(format).Guided!.Value.Inputs;
        for (int i = 0; i < inputs.Count; i++)
            File.WriteAllBytes(Path.Combine(folder, $"{i}"), inputs[i]);
    }

    /// <summary>Runs as AFL++'s child until it is ended. What a mutant must not do is an exception, which AFL++ calls a crash.</summary>
    public static unsafe void Run(string format)
    {
        // The instrumented library writes down where it comes to, in this memory until AFL++ has given its own.
        Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(1 << 16);
        FuzzFormat fuzzed = Find(format);
        string work = Directory.CreateTempSubdirectory("mdm-fuzz-").FullName;
        Func<byte[], Mutation.FileSet> filesOf = fuzzed.Guided!.Value.FilesOf;
        var check = new MutantCheck(fuzzed, work);
        Fuzzer.OutOfProcess.Run(stream =>
        {
            using var input = new MemoryStream();
            stream.CopyTo(input);
            if (check.Check(filesOf(input.ToArray()), 0).Failure is { } failure)
                throw new InvalidOperationException(failure);
        });
    }

    private static FuzzFormat Find(string format)
    {
        FuzzFormat found = AllFormats.Find(format);
        return found.Guided is null ? throw new ArgumentException($"'{format}' is not fuzzed with guidance.") : found;
    }
}
