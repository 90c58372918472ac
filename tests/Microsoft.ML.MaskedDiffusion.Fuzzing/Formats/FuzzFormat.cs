using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>A format of files that users give to the library: valid files, how they are altered, and how they are opened.</summary>
internal abstract class FuzzFormat
{
    private readonly Lazy<IReadOnlyList<FileSet>> _seeds;

    protected FuzzFormat() => _seeds = new Lazy<IReadOnlyList<FileSet>>(MakeSeeds);

    /// <summary>The name on the command line and in the table.</summary>
    public abstract string Name { get; }

    /// <summary>Valid files.</summary>
    public IReadOnlyList<FileSet> Seeds => _seeds.Value;

    /// <summary>Opens what lies in a folder as a user would, and reads all of it.</summary>
    public abstract void Open(string folder);

    /// <summary>Altered files.</summary>
    public virtual FileSet Mutate(Random random)
    {
        var files = new FileSet(Pick(Seeds, random));
        MutateOne(files, random);
        // Every other mutant has right hashes, so that it gets past them.
        if (random.Next(2) == 0)
            Seal(files);
        return files;
    }

    /// <summary>Whether the documentation promises an error of this type for files that are not as they should be.</summary>
    public virtual bool IsTyped(Exception error) =>
        error is InvalidDataException or FileNotFoundException or DirectoryNotFoundException;

    /// <summary>Whether the memory that it took to fail with an error is this library's.</summary>
    public virtual bool IsOurMemory(Exception error) => true;

    /// <summary>
    /// The inputs of a fuzzer that is guided by coverage, which makes one string of bytes out of another, and the files that such bytes
    /// stand for; null where the format is none of the binary ones that are fuzzed so.
    /// </summary>
    public virtual (IReadOnlyList<byte[]> Inputs, Func<byte[], FileSet> FilesOf)? Guided => null;

    /// <summary>Makes valid files.</summary>
    protected abstract IReadOnlyList<FileSet> MakeSeeds();

    /// <summary>Makes the hashes in the files right again, as far as the format has any.</summary>
    protected virtual void Seal(FileSet files)
    {
    }

    /// <summary>Alters one of the files; seldom it is removed.</summary>
    protected void MutateOne(FileSet files, Random random)
    {
        string name = Pick([.. files.Keys], random);
        if (random.Next(40) == 0)
            files.Remove(name);
        else
            files[name] = FileMutator.Mutate(name, files[name], Pick([.. Pick(Seeds, random).Values], random), random);
    }

    protected static T Pick<T>(IReadOnlyList<T> items, Random random) => items[random.Next(items.Count)];
}
