using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.ProcessGroups;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot;

/// <summary>Gives the ranks of a group one another's answers, with the bits of their numbers. All calls are collective.</summary>
internal static class AnswerExchange
{
    // Figures go over as the scorer gives them, also those that are none: whether they are finite is the scorer's to say.
    private static readonly JsonSerializerOptions Json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Gives all ranks the answers that the first one has.</summary>
    public static List<ZeroShotAnswer> FromFirst(IProcessGroup group, Func<List<ZeroShotAnswer>> make) =>
        group.Size == 1 ? make() : Read(group.FromFirst(() => JsonSerializer.SerializeToUtf8Bytes(make(), Json)));

    /// <summary>Lets each rank answer its part of some questions and gives all ranks the answers to all of them, in order.</summary>
    /// <param name="group">The group.</param>
    /// <param name="questions">The questions, the same on all ranks.</param>
    /// <param name="answer">Answers questions, which may be none; makes no collective calls.</param>
    /// <exception cref="RankFailedException">Another rank has failed.</exception>
    /// <exception cref="OperationCanceledException">This rank or another was cancelled.</exception>
    public static IReadOnlyList<ZeroShotAnswer> Share(
        IProcessGroup group, ZeroShotQuestion[] questions, Func<ZeroShotQuestion[], ZeroShotAnswer[]> answer)
    {
        if (group.Size == 1)
            return answer(questions);
        ZeroShotQuestion[] own = questions[Cut(questions.Length, group.Rank, group)..Cut(questions.Length, group.Rank + 1, group)];
        return [.. group.Gather(() => JsonSerializer.SerializeToUtf8Bytes(answer(own), Json)).SelectMany(Read)];
    }

    // Where so many ranks' parts end.
    private static int Cut(int count, int ranks, IProcessGroup group) => (int)((long)count * ranks / group.Size);

    private static List<ZeroShotAnswer> Read(byte[] json) => JsonSerializer.Deserialize<List<ZeroShotAnswer>>(json, Json)!;
}
