using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.ProcessGroups;
using Microsoft.ML.MaskedDiffusion.Training.Ranks;

namespace Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

/// <summary>
/// The checkpoints of one run: finds the one to continue from, compares it with the run, and writes the next ones. Of a group of ranks the
/// first alone reads and writes files; the others get from it what it has read. All make the same calls.
/// </summary>
internal sealed class CheckpointRun : IDisposable
{
    private readonly CheckpointSettings _settings;
    private readonly IProcessGroup _group;

    // Null on all ranks but the first.
    private readonly CheckpointStore? _store;
    private readonly List<long> _damaged = [];
    private readonly CheckpointState? _found;
    private SortedDictionary<string, string> _run = [];
    private double _lastSeconds;

    // Whether the run does not follow the checkpoint's micro batches and virtual ranks.
    private bool _isSplitOwn;

    /// <exception cref="InvalidOperationException">There are checkpoints, but the run is not to continue from them.</exception>
    /// <exception cref="InvalidDataException">There are checkpoints, but all of them are damaged.</exception>
    /// <exception cref="IOException">Where a checkpoint would be there is something else, or another training has the folder.</exception>
    public CheckpointRun(CheckpointSettings settings, IProcessGroup group)
    {
        (_settings, _group) = (settings, group);
        try
        {
            _store = group.Together(() => group.IsFirst() ? new CheckpointStore(settings.Folder) : null);
            _found = group.Together(() => _store is null ? null : Find(_store));
            byte[] state = group.FromFirst(() => _found?.Write() ?? []);
            if (!group.IsFirst() && state.Length > 0)
                _found = CheckpointState.Read(state, settings.Folder);
        }
        catch
        {
            _store?.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a folder that cannot be used. This is called before hours of reading, not after.</summary>
    /// <exception cref="InvalidOperationException">There are checkpoints, but the run is not to continue from them.</exception>
    /// <exception cref="IOException">Another training has the folder open.</exception>
    public static void CheckFolder(string folder, bool resume)
    {
        using var store = new CheckpointStore(folder);
        CheckSteps(store, resume);
    }

    /// <summary>The step of the newest checkpoint that is whole, which the run wrote or went on from; 0 where there is none.</summary>
    public long LastStep { get; private set; }

    /// <summary>The settings, with those of the checkpoint that the run has not chosen for itself.</summary>
    public TrainingSettings WithRecorded(TrainingSettings settings)
    {
        if (_found is null)
            return settings;
        if (_settings.AdoptSeed)
            settings = settings with { Seed = _found.Seed };
        if (!_settings.AdoptSplit || RecordedSplit() is not { } split || split == (settings.MicroBatchSize, settings.VirtualRanks))
            return settings;
        if (VirtualRankCount.Follows(split.VirtualRanks, settings.Group.Size))
            return settings with { MicroBatchSize = split.MicroBatchSize, VirtualRanks = split.VirtualRanks };
        _settings.Log?.Invoke(FormattableString.Invariant(
            $"The checkpoint's run had {split.VirtualRanks} virtual ranks and micro batches of {split.MicroBatchSize}; this one goes on ")
            + FormattableString.Invariant(
                $"with {settings.VirtualRanks} and {settings.MicroBatchSize}, so that its weights differ by rounding"));
        _isSplitOwn = true;
        return settings;
    }

    /// <summary>Takes the fingerprint of the run, and refuses a checkpoint of another run.</summary>
    /// <exception cref="InvalidOperationException">The checkpoint is of another run; the message names every difference.</exception>
    public void Check(SortedDictionary<string, string> run)
    {
        _run = run;
        if (_found is null || RecordedSettings.Differences(Compared(_found.Run), Compared(run), "in the checkpoint")
            is not { Count: > 0 } differences)
            return;
        throw new InvalidOperationException(
            $"The checkpoint {CheckpointStore.PathOf(_settings.Folder, _found.Step)} is of another training and cannot be resumed:\n  "
            + string.Join("\n  ", differences)
            + $"\nGive the options and data that it was made with (by version {_found.Library} of the library), or set "
            + "Checkpoints.Folder to a new folder to start afresh.");
    }

    /// <summary>Restores a fresh training from the checkpoint, if there is one.</summary>
    public void Restore(CheckpointContent content)
    {
        if (_found is null)
            return;
        _group.Together(() =>
        {
            if (_store is not null)
                CheckpointFiles.Restore(_store.PathOf(_found.Step), content, _found);
        });
        CheckpointFiles.Send(_group, content, _found);
        content.Optimizer.StepCount = _found.OptimizerStep;
        content.Meter.Restore(_found.LossSum, _found.LossCount);
        content.State.Restore(_found);
        _lastSeconds = _found.Seconds;
        LastStep = _found.Step;
        if (_store is null)
            return;
        foreach (long step in _damaged)
            _store.Remove(step);
        _settings.Log?.Invoke(FormattableString.Invariant(
            $"Resumed at step {_found.Step} from {_store.PathOf(_found.Step)}, seed {_found.Seed}"));
    }

    /// <summary>Whether a checkpoint is to be written after a step.</summary>
    public bool IsDue(long step, TrainingClock clock) =>
        step % _settings.Interval == 0 || clock.Elapsed.TotalSeconds - _lastSeconds >= _settings.Minutes * 60;

    /// <summary>Writes a checkpoint.</summary>
    /// <exception cref="IOException">The disk refuses; the earlier checkpoints are unchanged.</exception>
    public void Save(CheckpointContent content, int seed, TrainingClock clock)
    {
        TrainingState state = content.State;
        (double sum, int count) = content.Meter.Read();
        var written = new CheckpointState
        {
            Run = _run,
            Seed = seed,
            Step = state.Step,
            Tokens = state.Tokens,
            OptimizerStep = content.Optimizer.StepCount,
            Seconds = clock.Elapsed.TotalSeconds,
            WindowSeconds = clock.Window.TotalSeconds,
            ValidationSeconds = clock.ValidationSeconds,
            BestStep = state.BestStep,
            BestLoss = state.BestLoss,
            BestStandardError = state.BestStandardError,
            ValidationsWithoutImprovement = state.ValidationsWithoutImprovement,
            LossSum = sum,
            LossCount = count,
            Losses = state.Losses,
            Validations = state.Validations,
        };
        _group.Together(() => _store?.Add(state.Step, _settings.Keep, folder => CheckpointFiles.Write(folder, content, written)));
        _lastSeconds = written.Seconds;
        LastStep = state.Step;
    }

    public void Dispose() => _store?.Dispose();

    private (int MicroBatchSize, int VirtualRanks)? RecordedSplit() =>
        int.TryParse(_found!.Run.GetValueOrDefault(RunFingerprint.MicroBatchSize), CultureInfo.InvariantCulture, out int size)
        && int.TryParse(_found.Run.GetValueOrDefault(RunFingerprint.VirtualRanks, "1"), CultureInfo.InvariantCulture, out int ranks)
            ? (size, ranks) : null;

    // What has to be the same in both runs.
    private Dictionary<string, string> Compared(SortedDictionary<string, string> run) => run.Where(
        trait => !_isSplitOwn || trait.Key is not (RunFingerprint.MicroBatchSize or RunFingerprint.VirtualRanks)).ToDictionary();

    private static IReadOnlyList<long> CheckSteps(CheckpointStore store, bool resume)
    {
        IReadOnlyList<long> steps = store.Steps();
        if (steps.Count == 0 || resume)
        {
            foreach (long step in steps.Where(step => CheckpointFiles.FindOurs(store.PathOf(step)).Doubt is not null))
                store.RequireReplaceable(step);
            return steps;
        }
        throw new InvalidOperationException(
            $"The folder {store.Folder} holds checkpoints of a training (the newest is of step {steps[0]}). "
            + "Set Checkpoints.Resume to continue from it, or Checkpoints.Folder to an empty folder.");
    }

    private CheckpointState? Find(CheckpointStore store)
    {
        IReadOnlyList<long> steps = CheckSteps(store, _settings.Resume);
        var faults = new List<string>();
        foreach (long step in steps)
        {
            try
            {
                CheckpointState state = CheckpointFiles.Verify(store.PathOf(step));
                foreach (string fault in faults)
                    _settings.Log?.Invoke($"Falling back to the checkpoint of step {step}, because a newer one is damaged: {fault}");
                return state;
            }
            catch (InvalidDataException error)
            {
                store.RequireReplaceable(step);
                _damaged.Add(step);
                faults.Add(error.Message);
            }
        }
        if (faults.Count == 0)
            return null;
        throw new InvalidDataException($"Every checkpoint in {store.Folder} is damaged. To start afresh, remove them or set "
            + $"Checkpoints.Folder to an empty folder:\n  {string.Join("\n  ", faults)}");
    }
}
