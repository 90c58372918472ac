namespace Microsoft.ML.MaskedDiffusion.Search;

/// <summary>
/// What a search has measured, in the order of its log, and what comes next within its budgets. Both are those of one process, whoever has
/// trained the trials.
/// </summary>
internal sealed class SearchCourse
{
    private readonly SearchOptions _options;
    private readonly TrialLengths _lengths;
    private readonly TrialQueue _queue;
    private readonly SortedDictionary<int, List<SearchMeasurement>> _measured = [];

    public SearchCourse(SearchOptions options, TrialLengths lengths)
        : this(options, lengths, new TrialQueue(
            options.MaxTrials, options.Rungs, options.Reduction, options.Metric!, options.LongestWarmStart))
    {
    }

    private SearchCourse(SearchOptions options, TrialLengths lengths, TrialQueue queue) =>
        (_options, _lengths, _queue) = (options, lengths, queue);

    /// <summary>The measurements of each trial, rung by rung.</summary>
    public IReadOnlyDictionary<int, List<SearchMeasurement>> Measured => _measured;

    /// <summary>Trials begun so far.</summary>
    public int Begun => _queue.Begun;

    /// <summary>The best trial of the highest rung that has a finite metric; null before there is one.</summary>
    public (int Trial, int Rung, double Metric)? Best => _queue.Best;

    /// <summary>The share of the whole budget that a rung has.</summary>
    public double ShareOf(int rung) => _queue.ShareOf(rung);

    /// <summary>How many rungs of a trial have been measured.</summary>
    public int RungsOf(int trial) => _measured.GetValueOrDefault(trial)?.Count ?? 0;

    /// <summary>The trials that go no further, however the others turn out.</summary>
    public IEnumerable<int> Over() => _measured.Keys.Where(trial => !_queue.MayGoOn(trial));

    /// <summary>Whether a measurement would be the best if it were taken now; where it would not, it never will be.</summary>
    public bool MayBeBest(int rung, double metric) => double.IsFinite(metric)
        && (Best is not { } best || rung > best.Rung || (rung == best.Rung && _options.Metric!.IsBetter(metric, best.Metric)));

    /// <summary>Takes in the measurement of a trial on its next rung.</summary>
    public void Take(int trial, SearchMeasurement measured)
    {
        _queue.Add(trial, measured.Rung, measured.Metric);
        if (!_measured.TryGetValue(trial, out List<SearchMeasurement>? all))
            _measured.Add(trial, all = []);
        all.Add(measured);
    }

    /// <summary>The next trial and the rung to measure it on; null where the search is over.</summary>
    public (int Trial, int Rung)? Next() => Next(_options.Rungs);

    /// <summary>
    /// What can be measured now: first what is next, then what is next after it whatever is measured, in the order of the log. A budget of
    /// FLOPs leaves out what may come after its end; seconds are not known before, so with <see cref="SearchOptions.MaxSeconds"/> some of
    /// this may turn out not to be wanted.
    /// </summary>
    /// <param name="ahead">What has been measured, but not taken, because its turn has not come.</param>
    public IEnumerable<(int Trial, int Rung)> Certain(IReadOnlyDictionary<(int Trial, int Rung), SearchMeasurement> ahead)
    {
        SearchCourse course = Copy();
        int decided = _options.Rungs;
        while (course.Next(decided) is { } next)
        {
            if (!ahead.TryGetValue(next, out SearchMeasurement? measured))
            {
                yield return next;
                decided = Math.Min(decided, next.Rung);
                double seconds = course._measured.GetValueOrDefault(next.Trial)?[^1].Seconds ?? 0;
                measured = new SearchMeasurement(next.Rung, ShareOf(next.Rung), 0, 0, seconds, double.NaN, null, []);
            }
            course.Take(next.Trial, measured);
        }
    }

    // The same with measurements that are not known on the rungs from a number on.
    private (int Trial, int Rung)? Next(int decided)
    {
        if (_queue.Next(decided) is not { } next)
            return null;
        if (_options.MaxSeconds is { } seconds && _measured.Values.Sum(all => all[^1].Seconds) >= seconds)
            return null;
        if (_options.MaxFlops is not { } most || _measured.Count == 0)
            return next;
        // Trials on rungs that are not known may go on to their ends before this one is next.
        double spent = _measured.Sum(item => item.Value[^1].Rung < decided ? item.Value[^1].Flops : _lengths.MostFlopsOf(item.Key));
        double done = _measured.GetValueOrDefault(next.Trial)?[^1].Share ?? 0;
        return spent + _lengths.FlopsOf(next.Trial) * (ShareOf(next.Rung) - done) > most ? null : next;
    }

    private SearchCourse Copy()
    {
        var copy = new SearchCourse(_options, _lengths, _queue.Copy());
        foreach ((int trial, List<SearchMeasurement> measured) in _measured)
            copy._measured.Add(trial, [.. measured]);
        return copy;
    }
}
