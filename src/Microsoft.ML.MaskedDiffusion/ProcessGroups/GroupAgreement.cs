using System.Runtime.ExceptionServices;

namespace Microsoft.ML.MaskedDiffusion.ProcessGroups;

/// <summary>What the ranks of a group find out about one another before they go on. All of these are collective.</summary>
internal static class GroupAgreement
{
    /// <summary>Refuses to begin where the ranks do not mean the same work. All of them throw then.</summary>
    /// <param name="group">The group.</param>
    /// <param name="settings">What must be the same on all ranks, by name.</param>
    /// <exception cref="RankFailedException">A rank has others than the first; the message names the rank and the setting.</exception>
    public static void RequireSame(this IProcessGroup group, IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        if (group.Size == 1)
            return;
        Dictionary<string, string>[] all = group.AllGather(settings.ToDictionary());
        for (int rank = 1; rank < all.Length; rank++)
        {
            foreach (string name in all[0].Keys.Union(all[rank].Keys))
            {
                string first = all[0].GetValueOrDefault(name, "absent"), other = all[rank].GetValueOrDefault(name, "absent");
                if (first == other)
                    continue;
                throw new RankFailedException(rank, group.Size, $"its {name} is '{other}', and that of rank 0 is '{first}'. "
                    + "Give all ranks the same options, files and model.");
            }
        }
    }

    /// <summary>
    /// Does work of this rank's own as <see cref="GroupWork.Together{T}"/> does; where it is cancelled on any rank and fails on none, all
    /// ranks throw that they were cancelled.
    /// </summary>
    /// <exception cref="RankFailedException">It has failed on another rank.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled on this rank or another.</exception>
    public static T TogetherUnlessCancelled<T>(this IProcessGroup group, Func<T> work)
    {
        if (group.Size == 1)
            return work();
        T? result = default;
        OperationCanceledException? own = group.Together(() =>
        {
            try
            {
                result = work();
                return null;
            }
            catch (OperationCanceledException cancelled)
            {
                return cancelled;
            }
        });
        bool[] isCancelled = group.AllGather(own is not null);
        if (own is not null)
            ExceptionDispatchInfo.Throw(own);
        int first = Array.IndexOf(isCancelled, true);
        if (first >= 0)
            throw new OperationCanceledException($"Rank {first} of {group.Size} (from 0) was cancelled, and the others stop with it.");
        return result!;
    }
}
