using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.ProcessGroups;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring;

/// <summary>
/// The scoring of one file by several processes. Each scores its part into files of its own, with a log of its own. When all are done, the
/// first one joins the parts, notes in the log of the whole that it has, deletes them and puts the output in its place. A kill before that
/// note leaves all parts, which are joined again; a kill after it leaves the joined rows.
/// </summary>
internal sealed class GroupRun
{
    private readonly IProcessGroup _group;
    private readonly BatchScoringOptions _options;
    private readonly BatchRun _run;
    private readonly BatchFiles _files;
    private readonly BatchFiles[] _parts;

    private GroupRun(IProcessGroup group, BatchScoringOptions options, BatchRun run, BatchFiles files, BatchFiles[] parts) =>
        (_group, _options, _run, _files, _parts) = (group, options, run, files, parts);

    /// <summary>Scores a file. All ranks call it.</summary>
    /// <param name="transformer">The transformer.</param>
    /// <param name="options">Copied options, which are checked here; their group has more than one rank.</param>
    public static BatchScoringResult Run(ITransformer transformer, BatchScoringOptions options)
    {
        IProcessGroup group = options.ProcessGroup;
        BatchFiles? files = null;
        BatchFiles[] parts = [];
        BatchRun? run = null;
        try
        {
            group.Together(() =>
            {
                options.Check();
                files = new BatchFiles(options.OutputPath!, options.Overwrite);
                parts = [.. Enumerable.Range(1, group.Size).Select(number => files.Part(number, group.Size))];
                options.Shard = new BatchShard(group.Rank + 1, group.Size);
                run = new BatchRun(transformer, options, parts[group.Rank]);
            });
            return new GroupRun(group, options, run!, files!, parts).Run();
        }
        finally
        {
            run?.Dispose();
        }
    }

    private BatchScoringResult Run()
    {
        _group.RequireSame(_group.Together<IReadOnlyList<KeyValuePair<string, string>>>(() =>
        [
            .. _run.Settings(BatchShard.Whole), new("OutputPath", Path.GetFileName(_files.Output)),
            new("Overwrite", $"{_options.Overwrite}"), new("InvalidRows", $"{_options.InvalidRows}"),
        ]));
        // The first rank holds the log of the whole until the end, so that nobody else begins with this output meanwhile.
        BatchLog? log = null;
        BatchState state;
        try
        {
            _group.Together(() => log = _group.IsFirst() ? Open() : null);
            if (_group.FromFirst(() => log!.State is { } done ? _run.CheckDone(_files, done) : null) is { } joined)
                state = joined;
            else
                state = Join(log, Score());
            _group.Together(() =>
            {
                if (_group.IsFirst())
                    Finish(state);
            });
        }
        finally
        {
            log?.Dispose();
        }
        return _group.FromFirst(() =>
        {
            File.Delete(_files.Log);
            return _run.Result(_files, state);
        });
    }

    private BatchLog Open()
    {
        BatchLog log = _run.OpenLog(_files, BatchShard.Whole, _group.Size);
        if (log.State is not { IsDone: false } alone)
            return log;
        log.Dispose();
        throw new InvalidDataException($"{_files.Log} is that of a scoring by one process, which has done {alone.Rows + alone.Rejected} "
            + $"rows, and the number of processes is now {_group.Size}. Go on with one, or delete it and {_files.Partial} to begin anew.");
    }

    // Scores the parts, each rank its own, and gives the states of all.
    private BatchState[] Score()
    {
        // A file of an earlier run, which some machines may still see for a while, has another name in it.
        string name = _group.FromFirst(() => Guid.NewGuid().ToString("N"));
        try
        {
            BatchState[] states = _group.Gather(() => ScorePart(name));
            int first = Array.FindIndex(states, state => !state.IsDone);
            return first < 0 ? states : throw new OperationCanceledException(
                $"Rank {first} of {_group.Size} (from 0) was told by {_files.Stop} to stop. The same call goes on from there.");
        }
        finally
        {
            if (_group.IsFirst())
                ForgetStop();
        }
    }

    private void ForgetStop()
    {
        try
        {
            File.Delete(_files.Stop);
        }
        catch (Exception error) when (DiskError.Is(error))
        {
            // It has the name of this run in it, so that no other run stops for it.
        }
    }

    private BatchState ScorePart(string name)
    {
        try
        {
            return _run.ScorePart(() => IsStopped(name));
        }
        catch
        {
            TellToStop(name);
            throw;
        }
    }

    private bool IsStopped(string name)
    {
        try
        {
            return File.Exists(_files.Stop) && File.ReadAllText(_files.Stop) == name;
        }
        catch (Exception error) when (DiskError.Is(error))
        {
            // It is being written just now, and is asked for again before the next block.
            return false;
        }
    }

    private void TellToStop(string name)
    {
        try
        {
            File.WriteAllText(_files.Stop, name);
        }
        catch (Exception error) when (DiskError.Is(error))
        {
            // The others hear of it when they are done. What led here is what the user has to know.
        }
    }

    private BatchState Join(BatchLog? log, BatchState[] states) => _group.FromFirst(() =>
    {
        var whole = new BatchState
        {
            Rows = states.Sum(state => state.Rows),
            Rejected = states.Sum(state => state.Rejected),
            Next = states[^1].Next,
            OutputBytes = states.Sum(state => state.OutputBytes),
            RejectedBytes = states.Sum(state => state.RejectedBytes),
            // The first rank, which has the first part, compares its rows where the rest of the work is interrupted.
            Earlier = states[0].Earlier,
            Last = states[0].Last,
            LastOutput = states[0].LastOutput,
            LastEnd = states[0].OutputBytes,
            IsDone = true,
        };
        Join(_files.Partial, part => part.Partial, states, state => state.OutputBytes);
        if (whole.Rejected > 0)
            Join(_files.PartialRejected, part => part.PartialRejected, states, state => state.RejectedBytes);
        else
            File.Delete(_files.PartialRejected);
        DurableFiles.FlushFolder(Path.GetDirectoryName(_files.Output)!);
        log!.Append(whole);
        return whole;
    });

    private void Join(string path, Func<BatchFiles, string> pathOf, BatchState[] states, Func<BatchState, long> bytesOf)
    {
        using FileStream whole = _files.OpenRows(path, 0);
        for (int i = 0; i < states.Length; i++)
        {
            long bytes = bytesOf(states[i]);
            if (bytes == 0)
                continue;
            using FileStream part = _parts[i].OpenRows(pathOf(_parts[i]), bytes);
            part.Position = 0;
            part.CopyTo(whole);
        }
        whole.Flush(flushToDisk: true);
    }

    private void Finish(BatchState state)
    {
        foreach (BatchFiles part in _parts)
            part.Delete();
        _run.Finish(_files, state);
    }
}
