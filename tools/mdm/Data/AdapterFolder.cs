using Mdm.Settings;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Data;

/// <summary>Folders of adapters by themselves, with PEFT's two files.</summary>
internal static class AdapterFolder
{
    private static readonly string[] Files = ["adapter_config.json", "adapter_model.safetensors"];

    /// <summary>Refuses a place for an adapter where something is already, before the work that makes the adapter.</summary>
    /// <exception cref="UsageException">Something is there that is not to be replaced.</exception>
    public static string RequireFree(string path, bool overwrite)
    {
        string[] held = Held(path);
        FreePlace.Require(path, held.Length > 0, overwrite);
        if (held.FirstOrDefault(entry => IsForeign(entry, path)) is { } other)
        {
            throw new UsageException(
                $"{other} is no file of an adapter, and --overwrite replaces a folder with those alone: choose another folder.");
        }
        return path;
    }

    /// <summary>Whether a folder holds an adapter, at first sight.</summary>
    public static bool IsOne(string path) => File.Exists(Path.Combine(path, Files[0]));

    /// <summary>
    /// Saves an adapter, and returns where it is: beside the place where something has appeared there. One that is to be replaced goes once
    /// the new one is whole.
    /// </summary>
    /// <exception cref="IOException">It could not be saved at its place; the message says where it is instead.</exception>
    public static string Save(LoraAdapter adapter, string path, bool overwrite, ToolContext context)
    {
        if (Held(path).Any(entry => !overwrite || IsForeign(entry, path)))
            path = FreePlace.Beside("adapter", path, context);
        FreePlace.Save("adapter", path, place => Write(adapter, place));
        return path;
    }

    private static string[] Held(string path) =>
        File.Exists(path) ? [path] : Directory.Exists(path) ? Directory.GetFileSystemEntries(path) : [];

    private static bool IsForeign(string entry, string path) => !Files.Contains(Path.GetFileName(entry)) || entry == path;

    private static void Write(LoraAdapter adapter, string path)
    {
        if (!Directory.Exists(path))
        {
            adapter.Save(path);
            return;
        }
        string beside = $"{Path.TrimEndingDirectorySeparator(path)}.{Path.GetRandomFileName()}", old = beside + ".old";
        adapter.Save(beside);
        Directory.Move(path, old);
        try
        {
            Directory.Move(beside, path);
        }
        catch
        {
            Directory.Move(old, path);
            throw;
        }
        foreach (string name in Files)
            File.Delete(Path.Combine(old, name));
        Directory.Delete(old);
    }
}
