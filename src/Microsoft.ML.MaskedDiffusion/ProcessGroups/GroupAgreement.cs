using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.ProcessGroups;

/// <summary>What the ranks of a group find out about one another before they go on.</summary>
internal static class GroupAgreement
{
    /// <summary>Refuses a folder that is not one for all ranks, which each might have by the same name. Collective.</summary>
    /// <param name="group">The group.</param>
    /// <param name="folder">The folder, which the first rank can write to.</param>
    /// <param name="option">The option that names it, for the remedy.</param>
    /// <exception cref="InvalidOperationException">It is another one on this rank than on the first.</exception>
    public static void RequireShared(this IProcessGroup group, string folder, string option)
    {
        if (group.Size == 1)
            return;
        // A name that no file has, so that none is overwritten.
        string sign = group.FromFirst(() =>
        {
            string name = $".ranks-{Guid.NewGuid():N}";
            File.Create(Path.Combine(folder, name)).Dispose();
            return name;
        });
        try
        {
            group.Together(() =>
            {
                if (File.Exists(Path.Combine(folder, sign)))
                    return;
                throw new InvalidOperationException($"The folder {folder} of rank {group.Rank} is another one than that of rank 0. Set "
                    + $"{option} to a folder on a drive that all ranks share.");
            });
        }
        finally
        {
            if (group.IsFirst())
                File.Delete(Path.Combine(folder, sign));
        }
    }

    /// <summary>Refuses to begin where the ranks do not mean the same work. All of them throw then. Collective.</summary>
    /// <param name="group">The group.</param>
    /// <param name="settings">What must be the same on all ranks, by name.</param>
    /// <exception cref="InvalidOperationException">
    /// A rank has others than the first; the message names all such ranks and settings.
    /// </exception>
    public static void RequireSame(this IProcessGroup group, IEnumerable<KeyValuePair<string, string>> settings)
    {
        if (group.Size == 1)
            return;
        var own = new Dictionary<string, string>(settings)
        {
            // Two builds of one version may differ.
            ["Library"] = $"{LibraryVersion.Current}, build {typeof(GroupAgreement).Module.ModuleVersionId}",
        };
        Dictionary<string, string>[] all = group.Gather(() => own);
        string[] faults =
        [
            .. all.SelectMany((other, rank) => RecordedSettings.Differences(
                all[0], other, (name, first, now) => $"rank {rank}: {name} is {now ?? "absent"}, and on rank 0 {first ?? "absent"}")),
        ];
        if (faults.Length == 0)
            return;
        throw new InvalidOperationException("The ranks do not mean the same work:\n  " + string.Join("\n  ", faults)
            + "\nGive all ranks the same program, options, files and models, on machines of one kind.");
    }
}
