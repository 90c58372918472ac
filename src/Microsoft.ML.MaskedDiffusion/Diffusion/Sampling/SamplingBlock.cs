namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>The positions of a row, block after block: which of them may be filled now, and where the block's plan stands.</summary>
internal sealed class SamplingBlock
{
    private readonly int? _length;
    private readonly int? _steps;
    private readonly int _start;
    private int[] _masked;
    private int _end, _step, _initialCount, _plannedSteps;

    public SamplingBlock(SamplingRequest request, SamplingOptions options)
    {
        _masked = [.. request.Positions];
        _length = options.BlockLength;
        _start = request.BlockStart;
        int blocks = _length is { } length ? _masked.Select(position => (position - _start) / length).Distinct().Count() : 1;
        _steps = options.Steps is { } steps && blocks > 0 ? 1 + (steps - 1) / blocks : options.Steps;
        Begin();
    }

    /// <summary>The number of the block among those that have masked positions, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>Positions still masked, in all blocks.</summary>
    public int Left => _masked.Length;

    /// <summary>Whether the last block is finished.</summary>
    public bool IsDone { get; private set; }

    /// <summary>The block's positions, masked or filled, ascending.</summary>
    public int[] Positions { get; private set; } = [];

    /// <summary>The first position that may be filled now.</summary>
    public int Start => Positions[0];

    /// <summary>The position after the last one that may be filled now.</summary>
    public int End => Positions[^1] + 1;

    /// <summary>All masked positions.</summary>
    public int[] Masked => _masked;

    /// <summary>Whether no step of the block has been taken.</summary>
    public bool IsNew => _step == 0 && HeldSteps == 0 && Round == 0;

    /// <summary>The masked positions that may be filled now.</summary>
    public int[] Open => [.. _masked.TakeWhile(position => position < _end)];

    /// <summary>How many positions the last step should have filled and did not.</summary>
    public int Postponed { get; private set; }

    /// <summary>How often positions were masked again after all had been filled.</summary>
    public int Round { get; private set; }

    /// <summary>Steps that were held back from the plan.</summary>
    public int HeldSteps { get; private set; }

    /// <summary>Where the block stands, with the masked positions as they are ranked.</summary>
    public SamplingStep StepOf(ReadOnlySpan<TokenPrediction> ranked) =>
        new() { Step = _step, Steps = _plannedSteps, InitialCount = _initialCount, Ranked = ranked };

    /// <summary>Takes filled positions out and puts masked ones back, as one step.</summary>
    /// <param name="filled">Positions that were masked.</param>
    /// <param name="masked">Positions of this block that were filled.</param>
    /// <param name="postponed">How many more the step should have filled.</param>
    /// <param name="isHeld">Whether the step is none of the plan's.</param>
    public void Change(IReadOnlyCollection<int> filled, IReadOnlyCollection<int> masked, int postponed, bool isHeld)
    {
        bool wasFilled = Open.Length == 0;
        Postponed = isHeld ? 0 : postponed;
        _masked = [.. _masked.Except(filled).Union(masked).Order()];
        _step += isHeld ? 0 : 1;
        HeldSteps += isHeld ? 1 : 0;
        if (!wasFilled || masked.Count == 0)
            return;
        // What is masked after all was filled has a plan of its own: as many steps as positions. Rules without a plan fill as they do.
        Round++;
        _step = 0;
        _initialCount = _plannedSteps = masked.Count;
    }

    /// <summary>Leaves out all positions after one.</summary>
    public void CutAfter(int last)
    {
        _masked = [.. _masked.TakeWhile(position => position < last)];
        Positions = [.. Positions.TakeWhile(position => position <= last)];
    }

    /// <summary>Goes on to the next block that has masked positions.</summary>
    public void Finish() => Begin();

    private void Begin()
    {
        (_step, Postponed, Round, HeldSteps) = (0, 0, 0, 0);
        IsDone = _masked.Length == 0;
        if (IsDone)
            return;
        _end = _length is { } length
            ? (int)Math.Min(int.MaxValue, _start + ((_masked[0] - _start) / length + 1L) * length) : int.MaxValue;
        Positions = Open;
        _initialCount = Positions.Length;
        _plannedSteps = _steps ?? _initialCount;
        Number++;
    }
}
