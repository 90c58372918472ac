namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>The masked positions of a row, block after block: which of them may be filled now, and how many steps are planned.</summary>
internal sealed class SamplingBlock
{
    private readonly int? _length;
    private readonly int? _steps;
    private readonly int _start;
    private int[] _left;
    private int _end, _step, _initialCount, _plannedSteps;

    public SamplingBlock(SamplingRequest request, SamplingOptions options)
    {
        _left = [.. request.Positions];
        _length = options.BlockLength;
        _start = request.BlockStart;
        int blocks = _length is { } length ? _left.Select(position => (position - _start) / length).Distinct().Count() : 1;
        _steps = options.Steps is { } steps && blocks > 0 ? (steps + blocks - 1) / blocks : options.Steps;
        Begin();
    }

    /// <summary>Positions still masked, in all blocks.</summary>
    public int Left => _left.Length;

    /// <summary>Whether no position is masked.</summary>
    public bool IsDone => _left.Length == 0;

    /// <summary>The masked positions that may be filled now.</summary>
    public int[] Open => [.. _left.TakeWhile(position => position < _end)];

    /// <summary>How many positions the last step should have filled and did not.</summary>
    public int Postponed { get; private set; }

    /// <summary>Where the block stands, with the masked positions as they are ranked.</summary>
    public SamplingStep StepOf(ReadOnlySpan<TokenPrediction> ranked) =>
        new() { Step = _step, Steps = _plannedSteps, InitialCount = _initialCount, Ranked = ranked };

    /// <summary>Takes positions out.</summary>
    public void Fill(List<int> positions, int postponed)
    {
        Postponed = postponed;
        _left = [.. _left.Except(positions)];
    }

    /// <summary>Leaves out all positions after one.</summary>
    public void CutAfter(int last) => _left = [.. _left.TakeWhile(position => position < last)];

    /// <summary>Goes to the next step, and to the next block where this one is filled.</summary>
    public void NextStep()
    {
        _step++;
        if (_left.Length > 0 && _left[0] >= _end)
            Begin();
    }

    private void Begin()
    {
        _step = 0;
        Postponed = 0;
        if (_left.Length == 0)
            return;
        _end = _length is { } length ? _start + ((_left[0] - _start) / length + 1) * length : int.MaxValue;
        _initialCount = Open.Length;
        _plannedSteps = _steps ?? _initialCount;
    }
}
