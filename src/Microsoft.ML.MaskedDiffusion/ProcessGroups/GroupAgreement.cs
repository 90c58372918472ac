using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.ProcessGroups;

/// <summary>What the ranks of a group find out about one another before they go on.</summary>
internal static class GroupAgreement
{
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
