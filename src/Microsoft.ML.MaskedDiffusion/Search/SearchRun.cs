using System.Diagnostics;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.ProcessGroups;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Trainers;

namespace Microsoft.ML.MaskedDiffusion.Search;

/// <summary>
/// A search at work, on one process or on the ranks of a group: trains what the queue says, measures it, writes it down, and keeps the best
/// model. What comes next depends on the log alone, so that a search that was killed goes on as it would have.
/// </summary>
/// <remarks>
/// A group works in rounds, which all ranks plan alike from the measurements that they have in common. In a round each rank trains and
/// measures what is next, or what is certain to be wanted later. Then all ranks have all measurements, and take them in the order of one
/// process; what has come before its turn waits in a file. The first rank alone writes the log and deletes what is not needed any more.
/// </remarks>
internal sealed class SearchRun : IDisposable
{
    private const int MostLosses = 64;

    private readonly MLContext _ml;
    private readonly IDataView _trainingSet;
    private readonly SearchOptions _options;
    private readonly SearchMetric _metric;
    private readonly IProcessGroup _group;
    private readonly TrialValues _values;
    private readonly TrialLengths _lengths;
    private readonly SearchCourse _course;
    private readonly SearchFolder _folder;
    private readonly string? _temporary;

    // What the log compares.
    private readonly IReadOnlyList<KeyValuePair<string, string>> _settings;

    // What was measured before its turn, and the models of this process that are or may be the best.
    private readonly SortedDictionary<(int Trial, int Rung), SearchMeasurement> _ahead = [];
    private readonly Dictionary<(int Trial, int Rung), LikelihoodScoringTransformer> _models = [];

    // Open on the first rank.
    private ResumableLog? _log;

    private bool _hasTokens;

    // What the text took that no measurement counts yet. The first one does.
    private double _readingSeconds;

    /// <param name="ml">Where the trainers come from.</param>
    /// <param name="trainingSet">The training data.</param>
    /// <param name="options">Checked; not changed by anyone else.</param>
    public SearchRun(MLContext ml, IDataView trainingSet, SearchOptions options)
    {
        (_ml, _trainingSet, _options, _metric, _group) = (ml, trainingSet, options, options.Metric!, options.ProcessGroup);
        options.Trainer.Seed ??= options.Seed;
        _values = new TrialValues(options);
        _lengths = new TrialLengths(options, _values);
        _course = new SearchCourse(options, _lengths);
        _group.Together(() =>
        {
            CheckValues();
            _metric.Check(options.CancellationToken);
        });
        _settings = _group.Together(() => SearchLog.Settings(options, _lengths.Flops, trainingSet));
        RequireEqualOptions();
        _temporary = options.Folder is null ? Directory.CreateTempSubdirectory("mdm-search-").FullName : null;
        _folder = new SearchFolder(options.Folder ?? _temporary!);
        try
        {
            Restore();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Searches to the end, or until cancelled.</summary>
    public SearchResult Run()
    {
        bool isCancelled = false;
        TakeInTurn();
        while (!isCancelled && _course.Next() is not null)
        {
            isCancelled = MeasureRound();
            TakeInTurn();
        }
        // A search that was cancelled when nothing was left to do is complete.
        isCancelled &= _course.Next() is not null;
        if (isCancelled && _course.Best is null)
        {
            _options.CancellationToken.ThrowIfCancellationRequested();
            throw new OperationCanceledException("The search was cancelled on another rank before a model was measured.");
        }
        SearchResult result = _group.Together(() =>
        {
            // When a rank returns, the folder is free on all of them.
            _log?.Dispose();
            return Result(isCancelled);
        });
        _models.Clear();
        return result;
    }

    public void Dispose()
    {
        _log?.Dispose();
        foreach (LikelihoodScoringTransformer lm in _models.Values)
            lm.Dispose();
        if (_temporary is not null)
            Directory.Delete(_temporary, recursive: true);
    }

    // Trials of other options would be other trials, so their rank is told from the first one.
    private void RequireEqualOptions() => _group.RequireSame(
    [
        .. _settings,
        new(nameof(SearchOptions.MaxSeconds), FormattableString.Invariant($"{_options.MaxSeconds}")),
        new(nameof(SearchOptions.MaxFlops), FormattableString.Invariant($"{_options.MaxFlops}")),
    ]);

    // The first rank reads what was measured before, and all ranks take it in.
    private void Restore()
    {
        Records records = _group.FromFirst(() =>
        {
            _folder.Check(_options.Resume);
            _log = ResumableLog.Open(_folder.Log, _settings);
            string[] lines = [.. _log.Read(line => Restored(line, TakeLine))];
            return new Records(lines, [.. _folder.ReadAhead(line => Restored(line, AddAhead))]);
        });
        _group.RequireShared(Path.GetDirectoryName(_folder.Log)!, nameof(SearchOptions.Folder));
        if (_group.IsFirst())
            return;
        foreach (string line in records.Lines)
            TakeLine(line);
        foreach (string line in records.Ahead)
            AddAhead(line);
    }

    private static string Restored(string line, Action<string> restore)
    {
        restore(line);
        return line;
    }

    // A trial is measured on one rung after another.
    private void TakeLine(string line)
    {
        (int trial, SearchMeasurement measured) = SearchLog.Read(line, _values.Shown);
        int rung = _course.RungsOf(trial);
        if (trial >= _options.MaxTrials || measured.Rung != rung || rung >= _options.Rungs)
        {
            throw new InvalidDataException(
                $"it measures trial {trial} on rung {measured.Rung}, but of {_options.MaxTrials} trials on {_options.Rungs} rungs it "
                + $"should be rung {rung}.");
        }
        _course.Take(trial, measured);
    }

    // A trial that has a line in the log by now is not ahead of it any more.
    private void AddAhead(string line)
    {
        (int trial, SearchMeasurement measured) = SearchLog.Read(line, _values.Shown);
        if (trial >= _options.MaxTrials || measured.Rung < 0 || measured.Rung >= _options.Rungs)
        {
            throw new InvalidDataException($"it measures trial {trial} on rung {measured.Rung}, but there are {_options.MaxTrials} trials "
                + $"on {_options.Rungs} rungs.");
        }
        if (measured.Rung >= _course.RungsOf(trial))
            _ahead[(trial, measured.Rung)] = measured;
    }

    // Values that a trainer refuses are reported before anything is trained: the ends of a range, which say most of what is wrong with it,
    // and then the values of each trial together, because some suit the trainer and each other only between the ends.
    private void CheckValues()
    {
        foreach (SearchDimension dimension in _options.Space.Dimensions)
        {
            foreach (object? value in dimension.Extremes())
            {
                TrainerOptions trainer = _options.Trainer.Clone();
                dimension.Apply(trainer, value);
                TrainerOptionsCheck.Check(trainer, autoregressive: false);
            }
        }
        for (int trial = 0; trial < _options.MaxTrials; trial++)
            CheckTrial(trial);
    }

    private void CheckTrial(int trial)
    {
        try
        {
            TrainerOptionsCheck.Check(_lengths.OptionsOf(trial), autoregressive: false);
        }
        catch (ArgumentException error)
        {
            IEnumerable<string> values = _options.Space.Dimensions.Zip(_values.Shown(trial), (varied, value) => $"{varied.Option} {value}");
            throw new ArgumentOutOfRangeException(
                $"Trial {trial} of {_options.MaxTrials} would have {string.Join(", ", values)}, which the trainer refuses. Give the Space "
                + $"values that suit each other and the Trainer's other options, such as a Choice in place of a Range. {error.Message}",
                error);
        }
    }

    // Each rank measures its part of what can be measured now, and gets what the others have measured. Tells whether one was cancelled.
    private bool MeasureRound()
    {
        IReadOnlyList<(int Trial, int Rung)>[] plan = RoundPlan.Of(_course.Certain(_ahead), CostOf, _group.Size);
        if (WriteTokens(plan.SelectMany(part => part)))
            return true;
        Round[] all = _group.Gather(() => MeasureAll(plan[_group.Rank]));
        foreach (string line in all.SelectMany(round => round.Lines))
            AddAhead(line);
        return all.Any(round => round.IsCancelled);
    }

    private double CostOf((int Trial, int Rung) item)
    {
        double before = item.Rung == 0 ? 0 : _course.ShareOf(item.Rung - 1);
        return _lengths.FlopsOf(item.Trial) * (_course.ShareOf(item.Rung) - before);
    }

    private Round MeasureAll(IReadOnlyList<(int Trial, int Rung)> items)
    {
        List<string> lines = [];
        try
        {
            foreach ((int trial, int rung) in items)
            {
                _options.CancellationToken.ThrowIfCancellationRequested();
                lines.Add(Line(trial, Measure(trial, rung)));
            }
        }
        catch (OperationCanceledException) when (_options.CancellationToken.IsCancellationRequested)
        {
            // What was measured before counts.
        }
        return new Round(lines, _options.CancellationToken.IsCancellationRequested);
    }

    // Trials that pack the text by the same tokenizer train on the same tokens. A search may vary either.
    private bool SharesTokens(TrainerOptions trial) => trial.Rows.PacksDocuments
        && trial.Tokenizer == _options.Trainer.Tokenizer && trial.InitialModel == _options.Trainer.InitialModel;

    // Reads the text once for all trials that share its tokens, before the first of them. Tells whether it was cancelled.
    private bool WriteTokens(IEnumerable<(int Trial, int Rung)> items) => _group.FromFirst(() =>
    {
        TrainerOptions? trainer = _hasTokens ? null
            : items.Select(item => TrainerOf(item.Trial, item.Rung)).FirstOrDefault(trainer => trainer.Checkpoints.SharesTokens);
        if (trainer is null)
            return false;
        var clock = Stopwatch.StartNew();
        try
        {
            trainer.Checkpoints.SharesTokens = false;
            new MaskedDiffusionTrainer(_ml, trainer).WriteTokens(_trainingSet);
            (_hasTokens, _readingSeconds) = (true, clock.Elapsed.TotalSeconds);
            return false;
        }
        catch (OperationCanceledException) when (_options.CancellationToken.IsCancellationRequested)
        {
            return true;
        }
    });

    private TrainerOptions TrainerOf(int trial, int rung)
    {
        double share = _course.ShareOf(rung);
        TrainerOptions trainer = _lengths.OptionsOf(trial);
        bool sharesTokens = SharesTokens(trainer);
        trainer.Checkpoints = new CheckpointOptions
        {
            Folder = _folder.TrialOf(trial), Resume = true, Keep = 1, DataDescription = trainer.Checkpoints.DataDescription,
            TokenFolder = sharesTokens ? _folder.Tokens : null, SharesTokens = sharesTokens,
        };
        trainer.PauseShare = share < 1 ? share : null;
        (trainer.CancellationToken, trainer.CancelBehavior) = (_options.CancellationToken, CancelBehavior.Throw);
        trainer.Progress = _options.Progress is null ? null : new TrialProgress(this, trial, rung);
        return trainer;
    }

    private SearchMeasurement Measure(int trial, int rung)
    {
        double share = _course.ShareOf(rung);
        SearchMeasurement? before = rung == 0 ? null : _ahead.GetValueOrDefault((trial, rung - 1)) ?? _course.Measured[trial][rung - 1];
        var clock = Stopwatch.StartNew();
        LikelihoodScoringTransformer? lm = null;
        double earlier = (before?.Seconds ?? 0) + _readingSeconds;
        _readingSeconds = 0;
        double Seconds() => earlier + clock.Elapsed.TotalSeconds;
        try
        {
            lm = new MaskedDiffusionTrainer(_ml, TrainerOf(trial, rung)).Fit(_trainingSet);
            double metric = _metric.Measure(lm, _options.CancellationToken);
            TrainingResult result = lm.TrainingResult!;
            double flops = lm.Model.Config.TrainingFlopsPerToken * result.TokensSeen;
            var measured = new SearchMeasurement(rung, share, result.Steps, flops, Seconds(), metric, null, LossesOf(result));
            if (_course.MayBeBest(rung, metric))
            {
                Keep((trial, rung), lm);
                lm = null;
            }
            return measured;
        }
        catch (TrainingDivergedException error)
        {
            return new SearchMeasurement(
                rung, share, error.Step, _lengths.FlopsOf(trial) * share, Seconds(), double.NaN, error.Message, before?.Losses ?? []);
        }
        finally
        {
            lm?.Dispose();
        }
    }

    // The model comes before its line in the log, and goes after the line of the one that beats it: what the log calls the best is
    // always there.
    private void Keep((int Trial, int Rung) item, LikelihoodScoringTransformer lm)
    {
        string file = _folder.ModelOf(item);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        PipelineFile.Save(_ml, lm, null, file, CarrierWriter.SizeLimit);
        _models.Add(item, lm);
    }

    // Takes the measurements whose turn has come. Then nothing is kept of other models and of trials that cannot go on.
    private void TakeInTurn() => _group.Together(() =>
    {
        bool hasTaken = false;
        while (_course.Next() is { } next && _ahead.TryGetValue(next, out SearchMeasurement? measured))
        {
            _ahead.Remove(next);
            hasTaken = true;
            _course.Take(next.Trial, measured);
            _log?.Append([Line(next.Trial, measured)]);
            Report(next.Trial, next.Rung, null, measured.Metric);
        }
        (int Trial, int Rung)? best = _course.Best is { } found ? (found.Trial, found.Rung) : null;
        foreach ((int Trial, int Rung) lost in _models.Keys.Where(item => item != best).ToArray())
        {
            _models.Remove(lost, out LikelihoodScoringTransformer? lm);
            lm!.Dispose();
        }
        if (!_group.IsFirst())
            return;
        _folder.WriteAhead([.. _ahead.Select(item => Line(item.Key.Trial, item.Value))]);
        if (!hasTaken)
            return;
        IEnumerable<(int, int)> candidates = _ahead.Keys.Where(item => _course.MayBeBest(item.Rung, _ahead[item].Metric));
        int[] over = [.. _course.Over()];
        // Where better trials have diverged, the best of the others goes on after all.
        bool areAllOver = over.Length == _options.MaxTrials && _course.Next() is null;
        _folder.Delete(best is { } kept ? candidates.Append(kept) : candidates, over, tokens: areAllOver);
    });

    private string Line(int trial, SearchMeasurement measured) => SearchLog.Line(trial, _values.Shown(trial), measured);

    private SearchResult Result(bool isCancelled)
    {
        if (_course.Best is not { } best)
        {
            string? reason = _course.Measured.Values.Select(measured => measured[^1].Error).FirstOrDefault(error => error is not null);
            throw new InvalidOperationException(
                $"None of {_course.Measured.Count} trials gave a model that could be measured{(reason is null ? "" : ": " + reason)}. "
                + "Narrow the Space, or look at what the Metric returns.");
        }
        SearchTrial[] trials = [.. _course.Measured.Select(item => TrialOf(item.Key, item.Value))];
        (int Trial, int Rung) key = (best.Trial, best.Rung);
        // What another process has trained, or a round before this one, is read from the folder.
        if (!_models.ContainsKey(key))
            _models.Add(key, (LikelihoodScoringTransformer)PipelineFile.Load(_ml, _folder.ModelOf(key), out _));
        SearchTrial winner = trials.Single(trial => trial.Number == best.Trial);
        return new SearchResult(_models[key], _lengths.OptionsOf(best.Trial), winner, trials, _metric, isCancelled);
    }

    private SearchTrial TrialOf(int trial, List<SearchMeasurement> measured)
    {
        var values = new Dictionary<string, object?>();
        foreach ((SearchDimension dimension, object? value) in _options.Space.Dimensions.Zip(_values.Of(trial)))
            values.Add(dimension.Option, value);
        return new SearchTrial(trial, values, [.. measured]);
    }

    private static SearchLoss[] LossesOf(TrainingResult result)
    {
        IReadOnlyList<TrainingPoint> all = result.LossHistory;
        int count = Math.Min(all.Count, MostLosses);
        // The last point is always there.
        return [.. Enumerable.Range(1, count).Select(i => all[(int)((long)i * all.Count / count) - 1])
            .Select(point => new SearchLoss(point.Step, point.Loss))];
    }

    private void Report(int trial, int rung, TrainingProgress? training, double? metric) => _options.Progress?.Report(new SearchProgress(
        trial, rung, Math.Max(_course.Begun, trial + 1), _options.MaxTrials, training, metric, _course.Best?.Metric, _metric.Name));

    private sealed class TrialProgress(SearchRun run, int trial, int rung) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => run.Report(trial, rung, value, null);
    }

    // What a rank has measured in a round, as lines of the log, and whether it was cancelled.
    private sealed record Round(IReadOnlyList<string> Lines, bool IsCancelled);

    // The lines of the log, and of what was measured before its turn.
    private sealed record Records(IReadOnlyList<string> Lines, IReadOnlyList<string> Ahead);
}
