using System.Runtime.ExceptionServices;
using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.ProcessGroups;
using Microsoft.ML.MaskedDiffusion.Training.Adapters;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;
using Microsoft.ML.MaskedDiffusion.Training.Ranks;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>
/// Takes optimizer steps on blocks of tokens until its plan is done, validating, reporting and keeping the best weights on the way.
/// Everything random follows from the seed and the step, so the same settings give the same weights, bit for bit, on one machine. The ranks
/// of a group each compute a share of a step's micro batches, and then all take the same step.
/// </summary>
internal sealed class TrainingLoop : IDisposable
{
    private readonly TransformerNetwork _network;
    private readonly ITrainableWeights _trained;
    private readonly ITrainingObjective _objective;
    private readonly ITokenBlocks _blocks;
    private readonly TrainingSettings _settings;
    private readonly ValidationPass? _validation;
    private readonly TrainingPlan _plan;
    private readonly GradientPass _gradients;
    private readonly WeightSnapshot _best;
    private readonly WeightAverage? _average;
    private readonly LossMeter _meter;
    private readonly IProcessGroup _group;
    private readonly GroupClock? _clock;

    // Whether the last step taken was one of the warm start.
    private bool _isInWarmStart;

    // Whether the ranks have agreed that one of them was cancelled.
    private bool _isGroupCancelled;

    // What a user's handler of this rank has thrown, which the others hear of when they next exchange something.
    private ExceptionDispatchInfo? _handlerError;

    public TrainingLoop(TransformerNetwork network, ITrainingObjective objective, ITokenBlocks blocks, ITokenBlocks? validation,
        TrainingSettings settings, SequenceLengths? lengths = null)
    {
        _network = network;
        _objective = objective;
        _blocks = blocks;
        _settings = settings;
        _group = settings.Group;
        _clock = _group.Size == 1 ? null : new GroupClock(_group, settings.Clock);
        _validation = validation is null ? null : new ValidationPass(validation, objective, settings, _clock);
        _plan = new TrainingPlan(settings);
        _trained = settings.Lora is { } lora ? new LoraWeights(network, lora, (ulong)settings.Seed) : new NetworkParameters(network);
        _best = new WeightSnapshot(_trained.Parameters, _trained.Apply);
        _average = settings.EmaDecay is { } decay ? new WeightAverage(_trained.Parameters, decay, _trained.Apply) : null;
        Optimizer = AdamWOptimizer.Create(_trained.Parameters, settings);
        _meter = new LossMeter(network.Device, isShared: _group.Size > 1);
        _gradients = new GradientPass(network, _trained, objective, blocks, settings, lengths, _meter, _clock);
        (network.Precision, network.ActivationCheckpointing) = (settings.Precision, settings.ActivationCheckpointing);
    }

    /// <summary>How far the run is; filled before <see cref="Run"/> where it goes on from a checkpoint.</summary>
    public TrainingState State { get; } = new();

    /// <summary>Writes checkpoints, or null.</summary>
    public CheckpointRun? Checkpoints { get; init; }

    /// <summary>What a checkpoint holds.</summary>
    public CheckpointContent Content => new(_trained, Optimizer, State, _best, _average, _meter);

    /// <summary>The optimizer with its moments.</summary>
    public AdamWOptimizer Optimizer { get; }

    /// <summary>The global L2 norm of the last step's gradient before clipping; NaN where reading it would stall the device.</summary>
    public double GradientNorm { get; private set; } = double.NaN;

    /// <summary>Trains to the end of the plan; the network then has the best weights.</summary>
    public TrainingResult Run(IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var clock = new TrainingClock(_clock ?? _settings.Clock, State.EarlierSeconds);
        TrainingStop stop = IsOutOfPatience ? TrainingStop.EarlyStopping : TrainingStop.Completed;
        try
        {
            if (State.Step > 0)
            {
                _objective.Begin(_network, _plan.ShareOver(State.Step - 1, clock));
                _isInWarmStart = !_objective.IsMeasured;
            }
            // A run that was cancelled while it validated goes on with that validation.
            if (stop == TrainingStop.Completed && State.Step > 0 && State.Validations.LastOrDefault()?.Step != State.Step
                && IsValidationDue(_plan.IsOver(State.Step, clock)))
                stop = Conclude(_plan.IsOver(State.Step, clock), clock, LastRate(clock), progress, cancellationToken);
            while (stop == TrainingStop.Completed && !_plan.IsOver(State.Step, clock) && !IsPaused)
            {
                double learningRate = _plan.LearningRate(State.Step, clock);
                _objective.Begin(_network, _plan.ShareOver(State.Step, clock));
                TakeStep(learningRate, cancellationToken);
                _isInWarmStart = !_objective.IsMeasured;
                if (State.Step == 1)
                    RankComparison.RequireSameWeights(_group, _trained, State.Step);
                bool last = _plan.IsOver(State.Step, clock);
                if (last || State.Step % _settings.ProgressInterval == 0)
                    Report(clock, learningRate, progress);
                stop = Conclude(last, clock, learningRate, progress, cancellationToken);
            }
            if (stop == TrainingStop.Completed && !_plan.IsOver(State.Step, clock))
            {
                WriteLastCheckpoint(clock);
                stop = TrainingStop.Paused;
            }
        }
        catch (OperationCanceledException) when (
            State.Step > 0 && (_group.Size == 1 ? cancellationToken.IsCancellationRequested : _isGroupCancelled))
        {
            WriteLastCheckpoint(clock);
            if (_settings.CancelBehavior != CancelBehavior.ReturnBestSoFar)
                throw;
            stop = TrainingStop.Cancelled;
        }
        _group.Together(ThrowHandlerError);
        if (State.BestStep is { } best && best != State.Step)
        {
            _best.Restore();
        }
        else
        {
            RequireFiniteLosses(LastRate(clock));
            _average?.Adopt();
        }
        RankComparison.RequireSameWeights(_group, _trained, State.Step);
        return Result(stop, clock);
    }

    public void Dispose()
    {
        Optimizer.ClearGradients();
        Optimizer.Dispose();
        _gradients.Dispose();
        _best.Dispose();
        _average?.Dispose();
        _meter.Dispose();
        _trained.Dispose();
        // What comes after the training computes as any model does.
        (_network.Precision, _network.ActivationCheckpointing) = (Precision.Float32, false);
        _network.Attention = null;
        _network.Trim();
    }

    private bool IsOutOfPatience => State.ValidationsWithoutImprovement >= _settings.EarlyStoppingPatience;

    // A model in its warm start is nothing that could be measured.
    private bool IsPaused => _settings.PauseShare is { } share && State.Step >= Math.Ceiling(share * _settings.MaxSteps!.Value)
        && !_isInWarmStart;

    private double Epochs => (double)State.Step * _settings.BatchSize / _blocks.Count;

    private bool IsValidationDue(bool last) =>
        _validation is not null && (last || (_objective.IsMeasured && State.Step % _settings.ValidationInterval == 0));

    private double LastRate(TrainingClock clock) => _plan.LearningRate(State.Step - 1, clock);

    // What comes after a step: a validation and a checkpoint, where they are due.
    private TrainingStop Conclude(bool last, TrainingClock clock, double learningRate, IProgress<TrainingProgress>? progress,
        CancellationToken cancellationToken)
    {
        TrainingStop stop = IsValidationDue(last) && !Validate(clock, learningRate, progress, cancellationToken)
            ? TrainingStop.EarlyStopping : TrainingStop.Completed;
        if (Checkpoints is { } checkpoints && (last || stop != TrainingStop.Completed || checkpoints.IsDue(State.Step, clock)))
            WriteCheckpoint(checkpoints, clock, learningRate);
        return stop;
    }

    // Where the run stops before its end.
    private void WriteLastCheckpoint(TrainingClock clock)
    {
        if (Checkpoints is { } checkpoints && checkpoints.LastStep != State.Step)
            WriteCheckpoint(checkpoints, clock, LastRate(clock));
    }

    private void WriteCheckpoint(CheckpointRun checkpoints, TrainingClock clock, double learningRate)
    {
        RequireFiniteLosses(learningRate);
        clock.Pausing(() => checkpoints.Save(Content, _settings.Seed, clock));
    }

    // What diverged is neither written down nor handed over: on a device the losses may not have been read yet.
    private void RequireFiniteLosses(double learningRate)
    {
        if (!_meter.IsHost)
            _meter.ThrowUnlessFinite(State.Step, double.NaN, learningRate);
    }

    private void TakeStep(double learningRate, CancellationToken cancellationToken)
    {
        StepPart[] parts;
        _meter.Mark();
        try
        {
            parts = _group.Gather(() =>
            {
                ThrowHandlerError();
                return _gradients.Run(State.Step, cancellationToken);
            });
        }
        catch (OperationCanceledException)
        {
            // The step is dropped, and its losses with it: a resumed run takes it from its beginning.
            _isGroupCancelled = true;
            _meter.Rewind();
            _network.ZeroGradients();
            throw;
        }
        _clock?.Agree(parts[0].Time);
        foreach (double loss in parts.SelectMany(part => part.Losses).Select(BitConverter.Int64BitsToDouble))
            _meter.Add(loss);
        _gradients.Exchange(parts);
        GradientNorm = Optimizer.PrepareGradients();
        if (_meter.IsHost)
            _meter.ThrowUnlessFinite(State.Step + 1, GradientNorm, learningRate);
        Optimizer.Step(learningRate);
        _trained.Apply();
        _network.ZeroGradients();
        State.Step++;
        State.Tokens += parts.Sum(part => part.Tokens);
        _average?.Update(State.Step);
    }

    private void Report(TrainingClock clock, double learningRate, IProgress<TrainingProgress>? progress)
    {
        RequireFiniteLosses(learningRate);
        long tokens = State.Tokens - (State.Losses.Count > 0 ? State.Losses[^1].Tokens : 0);
        double loss = _meter.TakeMean();
        double seconds = clock.TakeWindow().TotalSeconds;
        State.Losses.Add(new TrainingPoint(State.Step, State.Tokens, clock.Elapsed.TotalSeconds, learningRate, loss));
        if (progress is null)
            return;
        double tokensPerSecond = tokens / Math.Max(seconds, 1e-9);
        double share = _network.Config.TrainingFlopsPerToken * tokensPerSecond
            / (MatrixProductPeak.Of(_network.Device) * _group.Size);
        TrainingProgress report = Progress(TrainingPhase.Training, clock, learningRate);
        Tell(progress, report with
        {
            Completed = report.Step,
            Total = report.MaxSteps,
            TokensPerSecond = tokensPerSecond,
            MatrixPeakShare = share,
        });
    }

    private void Tell(IProgress<TrainingProgress> progress, TrainingProgress report)
    {
        try
        {
            progress.Report(report);
        }
        catch (Exception error) when (_group.Size > 1)
        {
            _handlerError = ExceptionDispatchInfo.Capture(error);
        }
    }

    private void ThrowHandlerError() => _handlerError?.Throw();

    /// <summary>Validates; false when the patience is at its end.</summary>
    private bool Validate(TrainingClock clock, double learningRate, IProgress<TrainingProgress>? progress,
        CancellationToken cancellationToken)
    {
        using IDisposable? averaged = _average?.Apply();
        double loss, error;
        try
        {
            (loss, error) = clock.Validating(() => _validation!.Run(_network, cancellationToken));
        }
        catch (OperationCanceledException)
        {
            _isGroupCancelled = true;
            throw;
        }
        double? standardError = double.IsNaN(error) ? null : error;
        State.Validations.Add(new ValidationPoint(State.Step, State.Tokens, clock.Elapsed.TotalSeconds, loss, standardError));
        if (loss < State.BestLoss)
        {
            (State.BestLoss, State.BestStandardError, State.BestStep) = (loss, standardError, State.Step);
            State.ValidationsWithoutImprovement = 0;
            _best.Take();
        }
        else
        {
            State.ValidationsWithoutImprovement++;
        }
        if (progress is not null)
        {
            Tell(progress, Progress(TrainingPhase.Validating, clock, learningRate) with
            {
                Completed = _validation!.BlockCount,
                Total = _validation.BlockCount,
            });
        }
        return !IsOutOfPatience;
    }

    private TrainingProgress Progress(TrainingPhase phase, TrainingClock clock, double learningRate)
    {
        ValidationPoint? validation = State.Validations.Count > 0 ? State.Validations[^1] : null;
        double? planned = _plan.PlannedSteps(State.Step, clock) is { } steps ? Math.Max(steps, State.Step) : null;
        double elapsed = clock.Elapsed.TotalSeconds;
        double? remaining = elapsed / State.Step * (planned - State.Step);
        return new TrainingProgress
        {
            Phase = phase,
            Tokens = State.Tokens,
            Step = State.Step,
            MaxSteps = (long?)planned,
            Epoch = Epochs,
            Loss = State.Losses.Count > 0 ? State.Losses[^1].Loss : double.NaN,
            LossRemark = _objective.LossRemark,
            ValidationLoss = validation?.Loss,
            ValidationStandardError = validation?.StandardError,
            LearningRate = learningRate,
            Elapsed = TimeSpan.FromSeconds(elapsed),
            Remaining = remaining < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(remaining.Value) : null,
        };
    }

    private TrainingResult Result(TrainingStop stop, TrainingClock clock) => new()
    {
        Steps = State.Step,
        Stop = stop,
        BestStep = State.BestStep ?? State.Step,
        EndedInWarmStart = _isInWarmStart,
        FinalLoss = _meter.HasValues ? _meter.TakeMean() : State.Losses[^1].Loss,
        ValidationLoss = State.BestStep is null ? null : State.BestLoss,
        ValidationStandardError = State.BestStandardError,
        TokensSeen = State.Tokens,
        Epochs = Epochs,
        Seconds = clock.Elapsed.TotalSeconds,
        RepeatedTokens = _blocks.RepeatedTokenCount,
        CorpusTokens = _blocks.TokenCount,
        Seed = _settings.Seed,
        LossHistory = [.. State.Losses],
        ValidationHistory = [.. State.Validations],
        Adapter = _trained.ToAdapter(),
    };
}
