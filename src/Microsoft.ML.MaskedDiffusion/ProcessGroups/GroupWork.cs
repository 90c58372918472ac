using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using System.Text;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.ProcessGroups;

/// <summary>What the ranks of a group do together beyond the calls of <see cref="IProcessGroup"/>. All of it is collective too.</summary>
internal static class GroupWork
{
    // The first byte of what a rank says about its work.
    private const byte Done = 0, Failed = 1, Cancelled = 2;

    /// <summary>Whether this is the rank that writes and prints for all.</summary>
    public static bool IsFirst(this IProcessGroup group) => group.Rank == 0;

    /// <summary>
    /// Does work of this rank's own, which makes no collective calls, and gives each rank the results of all, in the order of ranks; they
    /// are sent as JSON. Where the work fails on any rank, all ranks throw, and where it is cancelled on any, all are.
    /// </summary>
    /// <exception cref="RankFailedException">It has failed on another rank.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled on a rank, and has failed on none.</exception>
    public static T[] Gather<T>(this IProcessGroup group, Func<T> work)
    {
        if (group.Size == 1)
            return [work()];
        Exception? own = null;
        byte[] message;
        try
        {
            message = [Done, .. JsonSerializer.SerializeToUtf8Bytes(work())];
        }
        catch (Exception error)
        {
            own = error;
            message = [own is OperationCanceledException ? Cancelled : Failed, .. Encoding.UTF8.GetBytes(Describe(own))];
        }
        IReadOnlyList<byte[]> all = group.AllGather(message);
        int failed = Find(all, Failed), cancelled = Find(all, Cancelled);
        if (own is not null && (own is not OperationCanceledException || failed < 0))
            ExceptionDispatchInfo.Throw(own);
        if (failed >= 0)
            throw new RankFailedException(failed, group.Size, Encoding.UTF8.GetString(all[failed].AsSpan(1)));
        if (cancelled >= 0)
            throw new OperationCanceledException($"Rank {cancelled} of {group.Size} (from 0) was cancelled, and the others stop with it.");
        return [.. all.Select(bytes => JsonSerializer.Deserialize<T>(bytes.AsSpan(1))!)];
    }

    /// <summary>The same for a result that stays with its rank.</summary>
    public static T Together<T>(this IProcessGroup group, Func<T> work)
    {
        T? result = default;
        group.Together(() => { result = work(); });
        return result!;
    }

    /// <summary>The same for work without a result.</summary>
    public static void Together(this IProcessGroup group, Action work) => group.Gather(() =>
    {
        work();
        return true;
    });

    /// <summary>Gives all ranks the bytes that the first one makes. Where it fails, all ranks throw.</summary>
    /// <exception cref="RankFailedException">It has failed, on all ranks but the first, which throws its own error.</exception>
    public static byte[] FromFirst(this IProcessGroup group, Func<byte[]> make)
    {
        if (group.Size == 1)
            return make();
        byte[] content = group.Together(() => group.IsFirst() ? make() : []);
        byte[] length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, content.Length);
        group.Broadcast(length, root: 0);
        if (!group.IsFirst())
            content = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
        group.Broadcast(content, root: 0);
        return content;
    }

    /// <summary>The same for a value, which is sent as JSON.</summary>
    public static T FromFirst<T>(this IProcessGroup group, Func<T> make)
    {
        if (group.Size == 1)
            return make();
        T? own = default;
        byte[] content = group.FromFirst(() => JsonSerializer.SerializeToUtf8Bytes(own = make()));
        return group.IsFirst() ? own! : JsonSerializer.Deserialize<T>(content)!;
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
