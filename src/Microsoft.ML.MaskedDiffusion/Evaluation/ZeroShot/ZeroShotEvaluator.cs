using System.Diagnostics;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Evaluation.Scoring;
using Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot;
using Microsoft.ML.MaskedDiffusion.ProcessGroups;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Evaluates a model on zero-shot tasks: log p(option | context) for every option of a question, or, for greedy tasks, whether decoding
/// finds the continuation. A question's result depends on the model, the settings and the question alone. Safe for concurrent use, as long
/// as no two runs share a log or a <see cref="ZeroShotOptions.ProcessGroup"/> of more than one.
/// </summary>
public sealed class ZeroShotEvaluator
{
    private const int ShownFaults = 10;

    private readonly IAnswerScorer _scorer;
    private readonly ZeroShotOptions _options;

    /// <summary>Creates an evaluator.</summary>
    /// <param name="model">The model. The caller disposes it.</param>
    /// <param name="options">How to evaluate; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is empty or out of range.</exception>
    public ZeroShotEvaluator(MaskedDiffusionModel model, ZeroShotOptions? options = null)
        : this(new ModelAnswerScorer(model), options)
    {
    }

    internal ZeroShotEvaluator(IAnswerScorer scorer, ZeroShotOptions? options)
    {
        _scorer = scorer;
        _options = (options ?? new ZeroShotOptions()).Clone();
    }

    /// <summary>Evaluates the questions of a file.</summary>
    /// <param name="task">The task.</param>
    /// <param name="path">
    /// A file as <see cref="ZeroShotTask.ReadFile(string)"/> takes it. Read before the first question is scored: whole, or up to the last
    /// of <see cref="ZeroShotOptions.MaxQuestions"/>.
    /// </param>
    /// <param name="cancellationToken">Stops after the current batch of rows; what was logged is kept.</param>
    /// <exception cref="InvalidDataException">
    /// The file is malformed, none of its rows is a question, or the log is damaged or belongs to other settings, another model or other
    /// questions.
    /// </exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled, on this rank or on another one of its group.</exception>
    /// <exception cref="RankFailedException">Another rank of the group cannot go on.</exception>
    /// <exception cref="InvalidOperationException">A rank has other questions, settings, or another model than the first.</exception>
    public ZeroShotResult Evaluate(ZeroShotTask task, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        List<string> invalid = [];
        ZeroShotQuestion[] questions = _options.ProcessGroup.Together(() => Read(task, path, _options, invalid));
        return Evaluate(task, questions, cancellationToken) with { InvalidRows = invalid };
    }

    /// <summary>Evaluates questions.</summary>
    /// <param name="task">The task they belong to.</param>
    /// <param name="questions">The questions; at least one.</param>
    /// <param name="cancellationToken">Stops after the current batch of rows; what was logged is kept.</param>
    /// <exception cref="ArgumentException">
    /// There is no question, a part of one is null, or the profile's settings do not apply to an autoregressive model.
    /// </exception>
    /// <exception cref="InvalidDataException">The log belongs to other settings, another model or other questions.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled, on this rank or on another one of its group.</exception>
    /// <exception cref="RankFailedException">Another rank of the group cannot go on.</exception>
    /// <exception cref="InvalidOperationException">A rank has other questions, settings, or another model than the first.</exception>
    public ZeroShotResult Evaluate(
        ZeroShotTask task, IEnumerable<ZeroShotQuestion> questions, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(questions);
        IProcessGroup group = _options.ProcessGroup;
        (LikelihoodOptions likelihood, ZeroShotQuestion[] all) = group.Together(() => Prepare(task, questions));
        if (group.Size > 1)
            group.RequireSame(group.Together(() => Common(task, likelihood, all)));
        var clock = Stopwatch.StartNew();
        ZeroShotLog? log = null;
        try
        {
            List<ZeroShotAnswer> answers = AnswerExchange.FromFirst(group, () =>
            {
                log = _options.LogFolder is { } folder ? ZeroShotLog.Open(folder, task, Settings(likelihood)) : null;
                return log?.Resume(all) ?? [];
            });
            int resumed = answers.Count;
            int batchSize = (int)Math.Min(Array.MaxLength, (long)_options.QuestionsPerBatch * group.Size);
            foreach (ZeroShotQuestion[] batch in all.Skip(resumed).Chunk(batchSize))
            {
                IReadOnlyList<ZeroShotAnswer> scored = AnswerExchange.Share(group, batch, own =>
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    return Score(task, own, likelihood, cancellationToken);
                });
                answers.AddRange(scored);
                group.Together(() =>
                {
                    log?.Append(batch, scored);
                    double accuracy = RunningAccuracy(task, answers);
                    _options.Progress?.Report(new ZeroShotProgress(task.Name, answers.Count, all.Length, clock.Elapsed, accuracy));
                });
            }
            string settings = $"{_options.Profile.Name}: {LikelihoodSettings.Short(likelihood)}";
            return Summarize(task, settings, answers, resumed, group.FromFirst(() => clock.Elapsed));
        }
        finally
        {
            log?.Dispose();
        }
    }

    /// <summary>The questions of a file as the options take them, with what is wrong with each row that is left out.</summary>
    /// <exception cref="InvalidDataException">The file is malformed, or none of its rows is a question.</exception>
    internal static ZeroShotQuestion[] Read(ZeroShotTask task, string path, ZeroShotOptions options, List<string> invalid)
    {
        Action<InvalidDataException>? skip = options.InvalidRows == InvalidRows.Throw ? null : error => invalid.Add(error.Message);
        ZeroShotQuestion[] questions = [.. task.ReadFile(path, skip).Take(options.MaxQuestions ?? int.MaxValue)];
        if (questions.Length == 0)
        {
            throw new InvalidDataException($"{path}: none of the {invalid.Count} rows is a question of the task '{task.Name}':\n  "
                + string.Join("\n  ", invalid.Take(ShownFaults)) + (invalid.Count > ShownFaults ? "\n  ..." : ""));
        }
        return questions;
    }

    // All rows are read first, so that a fault in the last one shows before hours of scoring.
    private (LikelihoodOptions Likelihood, ZeroShotQuestion[] Questions) Prepare(
        ZeroShotTask task, IEnumerable<ZeroShotQuestion> questions)
    {
        LikelihoodOptions likelihood = _options.Profile.For(task);
        _scorer.Require(likelihood);
        ZeroShotQuestion[] all = [.. questions.Take(_options.MaxQuestions ?? int.MaxValue)];
        if (all.Length == 0)
            throw new ArgumentException($"There is no question of the task '{task.Name}' to evaluate.", nameof(questions));
        for (int i = 0; i < all.Length; i++)
        {
            if ((ZeroShotTask.MissingPart(all[i]) ?? task.WrongCount(all[i]) ?? ZeroShotTask.WrongGold(all[i])) is { } wrong)
                throw new ArgumentException($"Question {i + 1} of the task '{task.Name}' cannot be scored: {wrong}.", nameof(questions));
        }
        return (likelihood, all);
    }

    private ZeroShotAnswer[] Score(
        ZeroShotTask task, ZeroShotQuestion[] questions, LikelihoodOptions likelihood, CancellationToken cancellation)
    {
        EncodedQuestion[] fitted = [.. questions.Select(Encode)];
        LikelihoodRequest[][] scorable = [.. fitted.Select(entry => entry.Requests).Where(requests => requests.Length > 0)];
        LikelihoodEstimate[][] estimates = _scorer.Score(scorable, likelihood, cancellation);
        bool[]? greedy =
            task.Greedy ? _scorer.MatchGreedily([.. scorable.Select(requests => requests[0])], likelihood, cancellation) : null;
        var answers = new ZeroShotAnswer[questions.Length];
        for (int i = 0, next = 0; i < answers.Length; i++)
        {
            answers[i] = new ZeroShotAnswer { Id = questions[i].Id, Gold = questions[i].Gold, Flag = fitted[i].Flag };
            if (fitted[i].Requests.Length == 0)
                continue;
            IReadOnlyList<string> choices = questions[i].Choices;
            answers[i] = answers[i] with
            {
                LogLikelihoods = [.. estimates[next].Select(estimate => estimate.LogLikelihood)],
                StandardErrors = [.. estimates[next].Select(estimate => estimate.StandardError)],
                CharacterCounts = [.. choices.Select(TextLength.Characters)],
                ByteCounts = [.. choices.Select(TextLength.Bytes)],
                TokenCounts = [.. estimates[next].Select(estimate => estimate.TokenCount)],
                NetworkRows = estimates[next].Sum(estimate => (long)estimate.NetworkRows),
                IsGreedy = greedy?[next],
            };
            next++;
        }
        return answers;
    }

    private EncodedQuestion Encode(ZeroShotQuestion question) => LongQuestions.Encode(
        _scorer, $"Question '{TextExcerpt.Of(question.Id)}'", question.Context,
        [.. question.Choices.Select(choice => question.Separator + choice)], _options.ContextOverflow);

    private static ZeroShotResult Summarize(ZeroShotTask task, string settings, List<ZeroShotAnswer> answers, int resumed, TimeSpan elapsed)
    {
        ZeroShotAnswer[] scored = [.. answers.Where(answer => answer.LogLikelihoods.Count > 0)];
        bool normalized = !task.Greedy && task.ReportsNormalizedAccuracy;
        EvaluationMetric? logPerplexity = task.Greedy ? ZeroShotMetrics.LogPerplexity(scored) : null;
        return new ZeroShotResult
        {
            Task = task.Name,
            Settings = settings,
            Accuracy = task.Greedy ? ZeroShotMetrics.GreedyAccuracy(scored) : ZeroShotMetrics.Accuracy(scored, (_, _) => 1),
            AccuracyPerCharacter = normalized ? ZeroShotMetrics.Accuracy(scored, (answer, option) => answer.CharacterCounts[option]) : null,
            AccuracyPerByte = normalized ? ZeroShotMetrics.Accuracy(scored, (answer, option) => answer.ByteCounts[option]) : null,
            LogPerplexity = logPerplexity,
            Perplexity = logPerplexity is { } logarithm ? ZeroShotMetrics.Perplexity(logarithm) : null,
            QuestionCount = answers.Count,
            TooLongCount = answers.Count - scored.Length,
            TruncatedCount = answers.Count(answer => answer.Flag == AnswerFlag.Truncated),
            ResumedCount = resumed,
            NetworkRows = answers.Sum(answer => answer.NetworkRows),
            Elapsed = elapsed,
            Answers = answers,
        };
    }

    private List<KeyValuePair<string, string>> Settings(LikelihoodOptions likelihood) =>
    [
        new("model", _scorer.Fingerprint()), new("profile", _options.Profile.Name),
        new("long_context", LongQuestions.StoredName(_options.ContextOverflow)), .. LikelihoodSettings.All(likelihood),
    ];

    // What the ranks of a group must have in common.
    private List<KeyValuePair<string, string>> Common(ZeroShotTask task, LikelihoodOptions likelihood, ZeroShotQuestion[] questions) =>
    [
        .. Settings(likelihood), new("task", task.Name), new("number of questions", $"{questions.Length}"),
        new("key of all questions", ZeroShotLog.KeyOf(questions)), new("QuestionsPerBatch", $"{_options.QuestionsPerBatch}"),
    ];

    private static double RunningAccuracy(ZeroShotTask task, List<ZeroShotAnswer> answers)
    {
        int scored = answers.Count(answer => answer.LogLikelihoods.Count > 0);
        return scored == 0
            ? double.NaN
            : (double)answers.Count(answer => task.Greedy ? answer.IsGreedy == true : answer.Predicted == answer.Gold) / scored;
    }
}
