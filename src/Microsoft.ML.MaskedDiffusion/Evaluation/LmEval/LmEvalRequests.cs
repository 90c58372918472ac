using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Evaluation.LmEval;
using Microsoft.ML.MaskedDiffusion.Evaluation.Scoring;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Answers files of lm-evaluation-harness's "loglikelihood" requests, so that the Python harness can be driven by this scorer: JSON lines
/// <c>{"context": ..., "continuation": ...}</c> in; in the same order <c>{"loglikelihood": nats, "is_greedy": true|false, "standard_error":
/// nats, "tokens": n}</c> out. The separator belongs to the continuation. Files are streamed. A request that cannot be scored (longer than
/// the model's context, or without a continuation) gets nulls and an <c>error</c>, and the others go on.
/// </summary>
public sealed class LmEvalRequests
{
    private readonly IAnswerScorer _scorer;
    private readonly LmEvalOptions _options;

    /// <summary>Creates a scorer of requests.</summary>
    /// <param name="model">The model. The caller disposes it.</param>
    /// <param name="options">How to score; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is empty or out of range, or does not apply to an autoregressive model.</exception>
    public LmEvalRequests(MaskedDiffusionModel model, LmEvalOptions? options = null)
        : this(new ModelAnswerScorer(model), options)
    {
    }

    internal LmEvalRequests(IAnswerScorer scorer, LmEvalOptions? options)
    {
        _scorer = scorer;
        _options = (options ?? new LmEvalOptions()).Clone();
        scorer.Require(_options.Likelihood);
    }

    /// <summary>
    /// Answers a file. Answers are first written to <c>{responses}.partial</c>, from which a stopped run continues.
    /// <paramref name="responses"/> is written when all requests are answered.
    /// </summary>
    /// <param name="requests">The file of requests.</param>
    /// <param name="responses">The file to write, which must not exist.</param>
    /// <param name="cancellationToken">Stops after the current batch of rows; what was written is kept.</param>
    /// <exception cref="InvalidDataException">
    /// A line is not UTF-8, not JSON or lacks a field, or the partial file belongs to other settings, another model or other requests; the
    /// message names file and line.
    /// </exception>
    /// <exception cref="IOException">The file of the responses exists, or the disk refuses.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    public LmEvalSummary Score(string requests, string responses, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(requests);
        ArgumentException.ThrowIfNullOrEmpty(responses);
        RequireFree(responses);
        string partial = responses + ".partial";
        LmEvalSummary summary;
        using (ResumableLog log = ResumableLog.Open(partial, Settings()))
        {
            summary = Answer(requests, log, cancellationToken);
        }
        RequireFree(responses);
        AtomicFile.Write(responses, stream => Finish(partial, stream));
        File.Delete(partial);
        return summary;
    }

    private static void RequireFree(string responses)
    {
        if (Directory.Exists(responses))
            throw new IOException($"{responses} is a folder, and the place of the file with the responses. Give another file.");
        if (File.Exists(responses))
        {
            throw new IOException(
                $"{responses} is there already and is not replaced. Remove it to answer the requests anew, or give another file.");
        }
    }

    private LmEvalSummary Answer(string requests, ResumableLog log, CancellationToken cancellation)
    {
        int done = 0, flagged = 0, truncated = 0;
        using IEnumerator<LmEvalLine> earlier = log.Read(LmEvalLine.Parse).GetEnumerator();
        // A line that is no request keeps its place, because the responses have a line for each.
        Func<string, InvalidDataException, Request>? instead =
            _options.InvalidRows == InvalidRows.Skip ? (text, fault) => new Request(text, "", fault.Message) : null;
        IEnumerable<Request> rows = TextLines.Read(requests, ReadRequest, instead: instead);
        // A fault in the last line shows here, before hours of scoring.
        long total = rows.LongCount();
        List<Request> batch = [];
        foreach (Request row in rows)
        {
            if (earlier.MoveNext())
            {
                if (earlier.Current.Request != KeyOf(row))
                    throw new InvalidDataException(
                        $"Answer {done + 1} of the stopped run belongs to another request than number {done + 1} of {requests}: "
                        + "the requests have changed. Delete the .partial file to start anew.");
                Count(earlier.Current.Response);
                continue;
            }
            batch.Add(row);
            if (batch.Count == _options.RequestsPerBatch)
                Flush();
        }
        Flush();
        return earlier.MoveNext()
            ? throw new InvalidDataException(
                $"The stopped run has answered more requests than the {done} of {requests}: the requests have changed. "
                + "Delete the .partial file to start anew.")
            : new LmEvalSummary(done, log.Count, flagged, truncated);

        void Flush()
        {
            if (batch.Count == 0)
                return;
            cancellation.ThrowIfCancellationRequested();
            LmEvalResponse[] responses = Score(batch, cancellation);
            log.Append(responses.Select((response, i) => new LmEvalLine(KeyOf(batch[i]), response).ToJson()));
            foreach (LmEvalResponse response in responses)
                Count(response);
            batch.Clear();
            _options.Progress?.Report(new ScoringProgress(done, total));
        }

        void Count(LmEvalResponse response)
        {
            done++;
            flagged += response.Error is null ? 0 : 1;
            truncated += response.Truncated == true ? 1 : 0;
        }
    }

    private static Request ReadRequest(string text, int line) =>
        JsonLines.Parse(text, line, (row, _) => new Request(row.Text("context"), row.Text("continuation"), null));

    private LmEvalResponse[] Score(IReadOnlyList<Request> batch, CancellationToken cancellation)
    {
        EncodedQuestion[] fitted =
        [
            .. batch.Select(row => row.Error is not null
                ? new EncodedQuestion(AnswerFlag.Empty, [], 0, 0)
                : LongQuestions.Encode(
                    _scorer, $"The request with the context \"{TextExcerpt.Of(row.Context)}\"", row.Context, [row.Continuation],
                    _options.ContextOverflow)),
        ];
        LikelihoodRequest[] scorable = [.. fitted.SelectMany(entry => entry.Requests)];
        LikelihoodEstimate[][] estimates =
            _scorer.Score([.. scorable.Select(request => new[] { request })], _options.Likelihood, cancellation);
        bool[]? greedy = _options.Greedy ? _scorer.MatchGreedily(scorable, _options.Likelihood, cancellation) : null;
        var responses = new LmEvalResponse[batch.Count];
        for (int i = 0, next = 0; i < responses.Length; i++)
        {
            if (fitted[i].Requests.Length == 0)
            {
                string why = fitted[i].Flag switch
                {
                    AnswerFlag.Empty => "the continuation is empty",
                    AnswerFlag.NoContext => "the context is empty, and the tokenizer has no token that starts a text",
                    _ => $"longer than the model's context of {_scorer.ContextLength} tokens",
                };
                responses[i] = new LmEvalResponse { Error = batch[i].Error ?? why };
                continue;
            }
            LikelihoodEstimate estimate = estimates[next][0];
            responses[i] = new LmEvalResponse
            {
                Loglikelihood = estimate.LogLikelihood,
                IsGreedy = greedy?[next],
                StandardError = estimate.StandardError,
                Tokens = estimate.TokenCount,
                Truncated = fitted[i].Flag == AnswerFlag.Truncated ? true : null,
            };
            next++;
        }
        return responses;
    }

    private static void Finish(string partial, Stream stream)
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        foreach (string line in File.ReadLines(partial).Skip(1))
            writer.WriteLine(LmEvalLine.Parse(line).Response.ToJson());
    }

    private List<KeyValuePair<string, string>> Settings() =>
    [
        new("log", "lm-eval requests 1"), new("model", _scorer.Fingerprint()), new("greedy", _options.Greedy ? "on" : "off"),
        new("long_context", LongQuestions.StoredName(_options.ContextOverflow)),
        .. LikelihoodSettings.All(_options.Likelihood),
    ];

    private static string KeyOf(Request row) =>
        ContentKey.Combine(ContentKey.Of(row.Context), ContentKey.Of(row.Continuation)).ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>A request, or what is wrong with its line.</summary>
    private sealed record Request(string Context, string Continuation, string? Error);
}

/// <summary>The number of requests that were answered, resumed, flagged and truncated.</summary>
/// <param name="RequestCount">Requests answered.</param>
/// <param name="ResumedCount">The number of them that an earlier, stopped run had answered.</param>
/// <param name="FlaggedCount">Requests that could not be scored; their answers carry an <c>error</c> in place of numbers.</param>
/// <param name="TruncatedCount">Requests scored with only the end of their context.</param>
public readonly record struct LmEvalSummary(int RequestCount, int ResumedCount, int FlaggedCount, int TruncatedCount);
