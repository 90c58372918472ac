using System.Diagnostics;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Trainers;

namespace Microsoft.ML.MaskedDiffusion.Search;

/// <summary>
/// A search at work: trains what the queue says, measures it, writes it down, and keeps the best model. What comes next depends on the log
/// alone, so that a search that was killed goes on as it would have.
/// </summary>
internal sealed class SearchRun : IDisposable
{
    private const string TrialsFolder = "trials", BestFolder = "best", ModelFile = "model.zip";
    private const int MostLosses = 64;

    private readonly MLContext _ml;
    private readonly IDataView _trainingSet;
    private readonly SearchOptions _options;
    private readonly SearchMetric _metric;
    private readonly TrialValues _values;
    private readonly TrialQueue _queue;
    private readonly double _flops;
    private readonly string _folder;
    private readonly ResumableLog _log;
    private readonly SortedDictionary<int, List<SearchMeasurement>> _measured = [];

    // The queue's best, where it was trained in this process.
    private LikelihoodScoringTransformer? _best;

    /// <param name="ml">Where the trainers come from.</param>
    /// <param name="trainingSet">The training data.</param>
    /// <param name="options">Checked; not changed by anyone else.</param>
    public SearchRun(MLContext ml, IDataView trainingSet, SearchOptions options)
    {
        (_ml, _trainingSet, _options, _metric) = (ml, trainingSet, options, options.Metric!);
        options.Trainer.Seed ??= options.Seed;
        _values = new TrialValues(options);
        _queue = new TrialQueue(options.MaxTrials, options.Rungs, options.Reduction, _metric);
        _flops = FlopsOf(options.Trainer);
        CheckValues();
        _metric.Check(options.CancellationToken);
        _folder = options.Folder ?? Directory.CreateTempSubdirectory("mdm-search-").FullName;
        if (options.Folder is not null)
            CheckFolder();
        _log = ResumableLog.Open(Path.Combine(_folder, SearchLog.FileName), SearchLog.Settings(options, _flops));
        try
        {
            foreach ((int trial, SearchMeasurement measured) in _log.Read(ReadLine))
                Take(trial, measured);
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
        try
        {
            while (NextWithinBudget() is { } next)
            {
                _options.CancellationToken.ThrowIfCancellationRequested();
                Train(next.Trial, next.Rung);
            }
        }
        catch (OperationCanceledException) when (_options.CancellationToken.IsCancellationRequested && _queue.Best is not null)
        {
            isCancelled = true;
        }
        return Result(isCancelled);
    }

    public void Dispose()
    {
        _log.Dispose();
        _best?.Dispose();
        if (_options.Folder is null)
            Directory.Delete(_folder, recursive: true);
    }

    // A trial is measured on one rung after another.
    private (int Trial, SearchMeasurement Measured) ReadLine(string line)
    {
        (int trial, SearchMeasurement measured) = SearchLog.Read(line, _values.Shown);
        int rung = _measured.GetValueOrDefault(trial)?.Count ?? 0;
        bool isNext = trial < _options.MaxTrials && measured.Rung == rung && rung < _options.Rungs;
        return isNext ? (trial, measured) : throw new InvalidDataException(
            $"it measures trial {trial} on rung {measured.Rung}, but of {_options.MaxTrials} trials on {_options.Rungs} rungs it should be "
            + $"rung {rung}.");
    }

    // The longest training of a trial in FLOPs.
    private static double FlopsOf(TrainerOptions trainer)
    {
        TransformerConfig network = trainer.InitialModel?.Config ?? trainer.Network;
        double flopsOfToken = 6.0 * network.NonEmbeddingParameterCount;
        double flopsOfStep = flopsOfToken * trainer.BatchSize * network.ContextLength;
        double? bySteps = trainer.MaxSteps * flopsOfStep, byTokens = flopsOfToken * trainer.Budget.MaxTokens;
        double?[] given = [bySteps, byTokens, trainer.Budget.MaxFlops];
        return given.Min() ?? MaskedDiffusionTrainer.DefaultSteps * flopsOfStep;
    }

    // Values that a trainer refuses are reported before anything is trained.
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
    }

    private void CheckFolder()
    {
        bool hasLog = File.Exists(Path.Combine(_folder, SearchLog.FileName));
        if (hasLog && !_options.Resume)
        {
            throw new InvalidOperationException(
                $"{_folder} holds a search. Set Resume to go on with it, or give another Folder.");
        }
        if (!hasLog && (Directory.Exists(TrialFolders) || Directory.Exists(BestFolders)))
        {
            throw new InvalidOperationException(
                $"{_folder} has no {SearchLog.FileName}, but a \"{TrialsFolder}\" or a \"{BestFolder}\", in which a search would delete "
                + "what is not its own. Give another Folder.");
        }
    }

    private string TrialFolders => Path.Combine(_folder, TrialsFolder);

    private string BestFolders => Path.Combine(_folder, BestFolder);

    private string BestFolderOf(int trial, int rung) => Path.Combine(BestFolders, FormattableString.Invariant($"{trial:0000}-{rung}"));

    private string FolderOf(int trial) => Path.Combine(TrialFolders, FormattableString.Invariant($"{trial:0000}"));

    private (int Trial, int Rung)? NextWithinBudget()
    {
        if (_queue.Next() is not { } next)
            return null;
        IEnumerable<SearchMeasurement> lasts = _measured.Values.Select(measured => measured[^1]);
        if (_options.MaxSeconds is { } seconds && lasts.Sum(last => last.Seconds) >= seconds)
            return null;
        double spent = lasts.Sum(last => last.Flops), done = Done(next.Trial)?.Share ?? 0;
        bool isFirst = _measured.Count == 0;
        double costs = _flops * (_queue.ShareOf(next.Rung) - done);
        return _options.MaxFlops is { } most && !isFirst && spent + costs > most ? null : next;
    }

    private SearchMeasurement? Done(int trial) => _measured.GetValueOrDefault(trial)?[^1];

    private void Train(int trial, int rung)
    {
        double share = _queue.ShareOf(rung);
        TrainerOptions trainer = OptionsOf(trial);
        trainer.Checkpoints = new CheckpointOptions { Folder = FolderOf(trial), Resume = true, Keep = 1 };
        trainer.PauseShare = share < 1 ? share : null;
        (trainer.CancellationToken, trainer.CancelBehavior) = (_options.CancellationToken, CancelBehavior.Throw);
        trainer.Progress = _options.Progress is null ? null : new TrialProgress(this, trial, rung);
        var clock = Stopwatch.StartNew();
        LikelihoodScoringTransformer? lm = null;
        SearchMeasurement measured;
        double Seconds() => (Done(trial)?.Seconds ?? 0) + clock.Elapsed.TotalSeconds;
        try
        {
            lm = new MaskedDiffusionTrainer(_ml, trainer).Fit(_trainingSet);
            double metric = _metric.Measure(lm, _options.CancellationToken);
            TrainingResult result = lm.TrainingResult!;
            double flops = 6.0 * lm.Model.Config.NonEmbeddingParameterCount * result.TokensSeen;
            measured = new SearchMeasurement(rung, share, result.Steps, flops, Seconds(), metric, null, LossesOf(result));
        }
        catch (TrainingDivergedException error)
        {
            measured = new SearchMeasurement(
                rung, share, error.Step, _flops * share, Seconds(), double.NaN, error.Message, Done(trial)?.Losses ?? []);
        }
        catch
        {
            lm?.Dispose();
            throw;
        }
        Keep(trial, measured, lm);
    }

    // Takes a measurement, and the model if it is the best now; then nothing is kept of other models and of trials that cannot go on.
    private void Keep(int trial, SearchMeasurement measured, LikelihoodScoringTransformer? lm)
    {
        Take(trial, measured);
        bool isBest = lm is not null && _queue.Best is { } best && (best.Trial, best.Rung) == (trial, measured.Rung);
        (LikelihoodScoringTransformer? lost, _best) = isBest ? (_best, lm) : (lm, _best);
        lost?.Dispose();
        // The model comes before its line in the log, and goes after the line of the one that beats it: what the log calls the best is
        // always there.
        string own = BestFolderOf(trial, measured.Rung);
        if (isBest)
        {
            Directory.CreateDirectory(own);
            PipelineFile.Save(_ml, _best!, null, Path.Combine(own, ModelFile), CarrierWriter.SizeLimit);
        }
        _log.Append([SearchLog.Line(trial, _values.Shown(trial), measured)]);
        IEnumerable<string> models = isBest ? Directory.EnumerateDirectories(BestFolders).Where(folder => folder != own) : [];
        IEnumerable<string> trials = _measured.Keys.Where(other => !_queue.MayGoOn(other)).Select(FolderOf).Where(Directory.Exists);
        foreach (string folder in models.Concat(trials).ToArray())
            Directory.Delete(folder, recursive: true);
        Report(trial, measured.Rung, null, measured.Metric);
    }

    private void Take(int trial, SearchMeasurement measured)
    {
        _queue.Add(trial, measured.Rung, measured.Metric);
        if (!_measured.TryGetValue(trial, out List<SearchMeasurement>? all))
            _measured.Add(trial, all = []);
        all.Add(measured);
    }

    private TrainerOptions OptionsOf(int trial)
    {
        TrainerOptions trainer = _values.Apply(trial);
        if (_options.EqualFlops)
            (trainer.MaxSteps, trainer.Budget) = (null, new BudgetOptions { MaxFlops = _flops });
        return trainer;
    }

    private SearchResult Result(bool isCancelled)
    {
        if (_queue.Best is not { } best)
        {
            string? reason = _measured.Values.Select(measured => measured[^1].Error).FirstOrDefault(error => error is not null);
            throw new InvalidOperationException(
                $"None of {_measured.Count} trials gave a model that could be measured{(reason is null ? "" : ": " + reason)}. "
                + "Narrow the Space, or look at what the Metric returns.");
        }
        SearchTrial[] trials = [.. _measured.Select(item => TrialOf(item.Key, item.Value))];
        string saved = Path.Combine(BestFolderOf(best.Trial, best.Rung), ModelFile);
        LikelihoodScoringTransformer lm = _best ?? (LikelihoodScoringTransformer)PipelineFile.Load(_ml, saved, out _);
        _best = null;
        SearchTrial winner = trials.Single(trial => trial.Number == best.Trial);
        return new SearchResult(lm, OptionsOf(best.Trial), winner, trials, _metric, isCancelled);
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
        trial, rung, Math.Max(_queue.Begun, trial + 1), _options.MaxTrials, training, metric, _queue.Best?.Metric, _metric.Name));

    private sealed class TrialProgress(SearchRun run, int trial, int rung) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => run.Report(trial, rung, value, null);
    }
}
