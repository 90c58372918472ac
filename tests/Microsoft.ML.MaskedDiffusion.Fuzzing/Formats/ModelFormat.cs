using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>A saved model, as a folder or as one archive (.mdm).</summary>
internal sealed class ModelFormat : FuzzFormat
{
    private const string Archive = "model.mdm";

    public override string Name => "model";

    // The first byte says which file of the model the others are; hashes and checksums are made right, since no fuzzer guesses those.
    public override (IReadOnlyList<byte[]> Inputs, Func<byte[], FileSet> FilesOf)? Guided =>
        ([.. Seeds[0].Select((file, number) => (byte[])[(byte)number, .. file.Value])], FilesOf);

    public override FileSet Mutate(Random random)
    {
        FileSet files = MutateFolder(random);
        switch (random.Next(4))
        {
            case 0:
                return files;
            case 1:
                return new FileSet { [Archive] = ByteMutator.Mutate(ZipFiles.Write(Seeds[0]), ZipFiles.Write(files), random) };
            default:
                return new FileSet { [Archive] = ZipFiles.Write(files) };
        }
    }

    /// <summary>The files of an altered model.</summary>
    public FileSet MutateFolder(Random random)
    {
        FileSet files = base.Mutate(random);
        // An entry that the manifest does not list, or that leads out of the folder of a careless reader.
        if (random.Next(50) == 0)
            files["tokenizer/extra"] = [1, 2, 3];
        return files;
    }

    public override void Open(string folder)
    {
        string archive = Path.Combine(folder, Archive);
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(File.Exists(archive) ? archive : folder, "cpu");
        model.Tokenizer.Decode(model.Tokenizer.Encode("the cat sat \u2603"));
    }

    protected override IReadOnlyList<FileSet> MakeSeeds() =>
        [Inner(Formats.Seeds.Written(folder => Formats.Seeds.Model.Save(Path.Combine(folder, "model"))))];

    protected override void Seal(FileSet files) => ManifestSeal.Seal(files);

    private FileSet FilesOf(byte[] input)
    {
        var files = new FileSet(Seeds[0]);
        string[] names = [.. files.Keys];
        if (input.Length > 0)
            files[names[input[0] % names.Length]] = input[1..];
        Seal(files);
        return new FileSet { [Archive] = ZipFiles.Write(files) };
    }

    private static FileSet Inner(FileSet files)
    {
        var inner = new FileSet();
        foreach ((string name, byte[] content) in files)
            inner[name["model/".Length..]] = content;
        return inner;
    }
}
