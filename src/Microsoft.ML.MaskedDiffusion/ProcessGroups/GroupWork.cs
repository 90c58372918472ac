using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using System.Text;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.ProcessGroups;

/// <summary>What the ranks of a group do together beyond the calls of <see cref="IProcessGroup"/>. All of these are collective too.</summary>
internal static class GroupWork
{
    /// <summary>Whether this is the rank that writes and prints for all.</summary>
    public static bool IsFirst(this IProcessGroup group) => group.Rank == 0;

    /// <summary>
    /// Does work of this rank's own, which makes no collective calls, and agrees on how it went: where it fails on any rank, all ranks throw.
    /// </summary>
    /// <exception cref="RankFailedException">It has failed on another rank.</exception>
    public static T Together<T>(this IProcessGroup group, Func<T> work)
    {
        if (group.Size == 1)
            return work();
        T? result = default;
        Exception? own = null;
        try
        {
            result = work();
        }
        catch (Exception error)
        {
            own = error;
        }
        ThrowIfAny(group, own);
        return result!;
    }

    /// <inheritdoc cref="Together{T}(IProcessGroup, Func{T})"/>
    public static void Together(this IProcessGroup group, Action work) => group.Together(() =>
    {
        work();
        return true;
    });

    /// <summary>Gives all ranks what the first one makes. Where it fails, all ranks throw.</summary>
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

    /// <summary>Gives each rank the values of all, in the order of ranks; they are sent as JSON.</summary>
    public static T[] AllGather<T>(this IProcessGroup group, T value) => group.Size == 1 ? [value]
        : [.. group.AllGather(JsonSerializer.SerializeToUtf8Bytes(value)).Select(bytes => JsonSerializer.Deserialize<T>(bytes)!)];

    private static void ThrowIfAny(IProcessGroup group, Exception? own)
    {
        IReadOnlyList<byte[]> errors = group.AllGather(Encoding.UTF8.GetBytes(own is null ? "" : Describe(own)));
        if (own is not null)
            ExceptionDispatchInfo.Throw(own);
        for (int rank = 0; rank < errors.Count; rank++)
        {
            if (errors[rank].Length > 0)
                throw new RankFailedException(rank, group.Size, Encoding.UTF8.GetString(errors[rank]));
        }
    }

    private static string Describe(Exception error) => string.IsNullOrWhiteSpace(error.Message) ? error.GetType().Name : error.Message;
}
