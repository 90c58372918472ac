using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Text;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.ProcessGroups;

/// <summary>What the ranks of a group do together beyond the calls of <see cref="IProcessGroup"/>. All of it is collective too.</summary>
internal static class GroupWork
{
    // The first byte of what a rank says about its work. The length of the work's name is the second, and the name follows.
    private const byte Done = 0, Failed = 1, Cancelled = 2;

    /// <summary>Whether this is the rank that writes and prints for all.</summary>
    public static bool IsFirst(this IProcessGroup group) => group.Rank == 0;

    /// <summary>
    /// Does work of this rank's own, which makes no collective calls, and gives each rank the results of all, in the order of ranks; they
    /// are sent as JSON. Where the work fails on any rank, all ranks throw, and where it is cancelled on any, all are.
    /// </summary>
    /// <param name="group">The ranks.</param>
    /// <param name="work">The work.</param>
    /// <param name="name">The calling method, by which ranks notice that they are not at the same work.</param>
    /// <exception cref="RankFailedException">It has failed on another rank.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled on a rank, and has failed on none.</exception>
    /// <exception cref="InvalidOperationException">The ranks have made different calls.</exception>
    public static T[] Gather<T>(this IProcessGroup group, Func<T> work, [CallerMemberName] string name = "")
    {
        if (group.Size == 1)
            return [work()];
        Exception? own = null;
        byte[] label = Encoding.UTF8.GetBytes(name), message;
        try
        {
            message = [Done, (byte)label.Length, .. label, .. JsonSerializer.SerializeToUtf8Bytes(work())];
        }
        catch (Exception error)
        {
            own = error;
            byte kind = own is OperationCanceledException ? Cancelled : Failed;
            message = [kind, (byte)label.Length, .. label, .. Encoding.UTF8.GetBytes(Describe(own))];
        }
        IReadOnlyList<byte[]> all = group.AllGather(message);
        RequireSameWork(all);
        int start = 2 + label.Length;
        int failed = Find(all, Failed), cancelled = Find(all, Cancelled);
        if (own is not null && (own is not OperationCanceledException || failed < 0))
            ExceptionDispatchInfo.Throw(own);
        if (failed >= 0)
            throw new RankFailedException(failed, group.Size, Encoding.UTF8.GetString(all[failed].AsSpan(start)));
        if (cancelled >= 0)
            throw new OperationCanceledException($"Rank {cancelled} of {group.Size} (from 0) was cancelled, and the others stop with it.");
        return [.. all.Select(bytes => JsonSerializer.Deserialize<T>(bytes.AsSpan(start))!)];
    }

    /// <summary>The same for a result that stays with its rank.</summary>
    public static T Together<T>(this IProcessGroup group, Func<T> work, [CallerMemberName] string name = "")
    {
        T? result = default;
        group.Together(() => { result = work(); }, name);
        return result!;
    }

    /// <summary>The same for work without a result.</summary>
    public static void Together(this IProcessGroup group, Action work, [CallerMemberName] string name = "") => group.Gather(
        () =>
        {
            work();
            return true;
        },
        name);

    /// <summary>Gives all ranks the bytes that the first one makes. Where it fails, all ranks throw.</summary>
    /// <exception cref="RankFailedException">It has failed, on all ranks but the first, which throws its own error.</exception>
    public static byte[] FromFirst(this IProcessGroup group, Func<byte[]> make, [CallerMemberName] string name = "")
    {
        if (group.Size == 1)
            return make();
        byte[] content = group.Together(() => group.IsFirst() ? make() : [], name);
        byte[] length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, content.Length);
        group.Broadcast(length, root: 0);
        if (!group.IsFirst())
            content = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
        group.Broadcast(content, root: 0);
        return content;
    }

    /// <summary>The same for a value, which is sent as JSON.</summary>
    public static T FromFirst<T>(this IProcessGroup group, Func<T> make, [CallerMemberName] string name = "")
    {
        if (group.Size == 1)
            return make();
        T? own = default;
        byte[] content = group.FromFirst(() => JsonSerializer.SerializeToUtf8Bytes(own = make()), name);
        return group.IsFirst() ? own! : JsonSerializer.Deserialize<T>(content)!;
    }

    private static void RequireSameWork(IReadOnlyList<byte[]> messages)
    {
        string NameOf(int rank) => messages[rank].Length > 1 && messages[rank].Length >= 2 + messages[rank][1]
            ? Encoding.UTF8.GetString(messages[rank].AsSpan(2, messages[rank][1])) : "something else";
        for (int rank = 1; rank < messages.Count; rank++)
        {
            if (NameOf(rank) == NameOf(0))
                continue;
            throw new InvalidOperationException($"Rank {rank} is at {NameOf(rank)}, while rank 0 is at {NameOf(0)}. All ranks make the "
                + "same calls in the same order; a rank whose call has thrown does not go on with another one.");
        }
    }

    private static int Find(IReadOnlyList<byte[]> messages, byte kind)
    {
        for (int rank = 0; rank < messages.Count; rank++)
        {
            if (messages[rank][0] == kind)
                return rank;
        }
        return -1;
    }

    private static string Describe(Exception error) => string.IsNullOrWhiteSpace(error.Message) ? error.GetType().Name : error.Message;
}
