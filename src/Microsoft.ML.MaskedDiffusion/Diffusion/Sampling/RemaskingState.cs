namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>What a row's remasking rule has said about the current step.</summary>
internal sealed class RemaskingState(Remasking rule, int length)
{
    private readonly double[] _probed = new double[length];
    private bool _hasChosen;

    /// <summary>Groups of positions that are looked at again.</summary>
    public int[][] Probes { get; private set; } = [];

    /// <summary>The positions to mask again.</summary>
    public IReadOnlyList<int> Chosen { get; private set; } = [];

    /// <summary>Whether the step is none of the plan's.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Asks the rule about a step before the network runs.</summary>
    /// <param name="state">Where the sampling stands.</param>
    /// <param name="needsChoice">Whether the positions to mask must be known now.</param>
    public void Begin(Func<RemaskingStep> state, bool needsChoice)
    {
        Array.Fill(_probed, double.NaN);
        (Chosen, IsHeld, _hasChosen) = ([], false, false);
        RemaskingStep before = state();
        IsHeld = rule.Holds(before);
        Probes = [.. rule.Probes(before).Select(group => Checked(group, before))];
        if (needsChoice && Probes.Length == 0)
            Choose(IsHeld ? state() : before);
    }

    /// <summary>Notes the probability of a position's token in its probe. Called from several threads, once a position.</summary>
    public void SetProbed(int position, double probability) => _probed[position] = probability;

    /// <summary>Asks the rule which positions to mask, if it has not said so.</summary>
    public void ChooseAfter(RemaskingStep state)
    {
        if (!_hasChosen)
            Choose(state);
    }

    /// <summary>Where the sampling stands, as the rule sees it.</summary>
    public RemaskingStep StateOf(
        int step, SamplingBlock block, int[] tokens, int masked, int planned, TokenPrediction[] predictions, CommitHistory history,
        ISamplingDraws draws) => new()
        {
            Step = step,
            BlockCount = block.Positions.Length,
            MaskedCount = masked,
            FilledCount = IsHeld ? 0 : planned,
            Round = block.Round,
            HeldSteps = block.HeldSteps,
            Committed =
            [
                .. block.Positions.Where(position => history.StepAt(position) >= 0).Select(position => new CommittedToken(
                    position, tokens[position], history.ProbabilityAt(position), history.StepAt(position), history.TimesMasked(position),
                    _probed[position], draws.OfPosition(step, position))),
            ],
            Tokens = [.. tokens],
            Predictions = predictions,
        };

    private void Choose(RemaskingStep state)
    {
        _hasChosen = true;
        Chosen = Checked(rule.Choose(state), state);
    }

    private int[] Checked(IReadOnlyList<int> positions, RemaskingStep state)
    {
        HashSet<int> chosen = [.. state.Committed.Select(token => token.Position)];
        foreach (int position in positions)
        {
            if (!chosen.Remove(position))
            {
                throw new InvalidOperationException($"The rule '{rule.Name}' of SamplingOptions.Remasking names position {position}, "
                    + "which holds no chosen token of the block, or names it twice.");
            }
        }
        return [.. positions];
    }
}
