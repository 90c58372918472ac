namespace Microsoft.ML.MaskedDiffusion.Search;

/// <summary>
/// Which trial is trained next, by asynchronous successive halving (Li et al., 2020, algorithm 2) with one worker: a trial that is among
/// the best 1 / reduction of its rung goes on, otherwise a new one begins. When all have begun, at least the best goes on to the end.
/// What comes next depends on the measurements alone.
/// </summary>
/// <param name="maxTrials">Trials to begin.</param>
/// <param name="rungs">How often a trial is measured.</param>
/// <param name="reduction">How many trials a rung has for each that goes on.</param>
/// <param name="metric">What trials are compared by.</param>
/// <param name="start">The share of the budget behind which the rungs lie: the longest warm start, in which there is nothing to measure.
/// </param>
internal sealed class TrialQueue(int maxTrials, int rungs, int reduction, SearchMetric metric, double start = 0)
{
    // The measured trials of each rung, the best first.
    private readonly List<(int Trial, double Metric)>[] _rungs = [.. Enumerable.Range(0, rungs).Select(_ => new List<(int, double)>())];
    private readonly HashSet<(int Rung, int Trial)> _measured = [];

    /// <summary>Trials begun so far.</summary>
    public int Begun { get; private set; }

    /// <summary>The best trial of the highest rung that has a finite metric; null before there is one.</summary>
    public (int Trial, int Rung, double Metric)? Best
    {
        get
        {
            int rung = Array.FindLastIndex(_rungs, measured => measured.Count > 0 && double.IsFinite(measured[0].Metric));
            return rung < 0 ? null : (_rungs[rung][0].Trial, rung, _rungs[rung][0].Metric);
        }
    }

    /// <summary>The share of the whole budget that a rung has.</summary>
    public double ShareOf(int rung) => rung == rungs - 1 ? 1 : start + (1 - start) * Math.Pow(reduction, rung - rungs + 1);

    /// <summary>Takes in a measurement. Of equal metrics the earlier trial is the better.</summary>
    public void Add(int trial, int rung, double value)
    {
        Begun = Math.Max(Begun, trial + 1);
        List<(int Trial, double Metric)> measured = _rungs[rung];
        int at = measured.FindIndex(other => metric.IsBetter(value, other.Metric));
        measured.Insert(at < 0 ? measured.Count : at, (trial, value));
        _measured.Add((rung, trial));
    }

    /// <summary>The same queue, which goes on by itself.</summary>
    public TrialQueue Copy()
    {
        var copy = new TrialQueue(maxTrials, rungs, reduction, metric, start) { Begun = Begun };
        for (int rung = 0; rung < rungs; rung++)
            copy._rungs[rung].AddRange(_rungs[rung]);
        copy._measured.UnionWith(_measured);
        return copy;
    }

    /// <summary>
    /// The next trial and the rung to train it for, whatever the measurements on some rungs will be; null where nothing is left, or where
    /// what is next depends on those. Which trials leave a rung, and in which order, depends on that rung and those below, so what leaves a
    /// lower one is certain before the measurements of a higher one are known.
    /// </summary>
    /// <param name="decided">The number of rungs, from the lowest one, whose measurements are all known.</param>
    public (int Trial, int Rung)? Next(int decided)
    {
        for (int rung = Math.Min(decided, rungs - 1) - 1; rung >= 0; rung--)
        {
            foreach ((int trial, double value) in _rungs[rung].Take(_rungs[rung].Count / reduction))
            {
                if (double.IsFinite(value) && !Has(rung + 1, trial))
                    return (trial, rung + 1);
            }
        }
        if (Begun < maxTrials)
            return (Begun, 0);
        return decided == rungs ? LastPromotion() : null;
    }

    /// <summary>Whether a trial may still be trained further, however the others turn out.</summary>
    public bool MayGoOn(int trial)
    {
        // A place in a rung only gets worse, and no more trials come to a rung than may still leave the one before.
        int coming = maxTrials;
        for (int rung = 0; rung < rungs - 1; rung++)
        {
            int leaving = Math.Max(1, coming / reduction);
            int place = _rungs[rung].FindIndex(other => other.Trial == trial);
            if (!Has(rung + 1, trial))
                return place < leaving && double.IsFinite(_rungs[rung][place].Metric);
            coming -= _rungs[rung].Where((other, at) => at >= leaving && !Has(rung + 1, other.Trial)).Count();
        }
        return false;
    }

    // A search of few trials trains its best one to the end too.
    private (int Trial, int Rung)? LastPromotion()
    {
        for (int rung = rungs - 1; rung >= 0; rung--)
        {
            foreach ((int trial, _) in _rungs[rung].Where(measured => double.IsFinite(measured.Metric)))
            {
                if (rung == rungs - 1)
                    return null;
                if (!Has(rung + 1, trial))
                    return (trial, rung + 1);
            }
        }
        return null;
    }

    private bool Has(int rung, int trial) => _measured.Contains((rung, trial));
}
