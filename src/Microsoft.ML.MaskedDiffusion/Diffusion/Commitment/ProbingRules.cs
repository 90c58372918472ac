using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Commitment;

/// <summary>Tokens filled together are looked at again, one half in sight of the other.</summary>
internal sealed class DraftAndVerifyRemasking : Remasking
{
    private const int MostTimesMasked = 3;
    private readonly double _probability;

    public DraftAndVerifyRemasking(double probability) : base(NamedChoices<Remasking>.Join("DraftAndVerify", probability))
    {
        OptionCheck.RequireShare(probability, nameof(probability));
        _probability = probability;
    }

    internal override bool UsesDraws => false;

    public override IReadOnlyList<IReadOnlyList<int>> Probes(RemaskingStep step)
    {
        CommittedToken[] drafts = [.. step.Committed.Where(token => token.Step == step.Step - 1)];
        // A token that was filled alone was chosen with all others in view, so there is nothing to check.
        if (drafts.Length < 2)
            return [];
        return [.. drafts.Select((token, i) => (token.Position, i)).GroupBy(pair => pair.i % 2, pair => pair.Position)
            .Select(half => half.ToArray())];
    }

    public override IReadOnlyList<int> Choose(RemaskingStep step) =>
    [
        .. step.Committed.Where(token => token.ProbedProbability < _probability && token.TimesMasked < MostTimesMasked)
            .Select(token => token.Position),
    ];
}

/// <summary>When all is filled, tokens that the others do not support are filled anew.</summary>
internal sealed class RevisionRemasking : Remasking
{
    private const int Groups = 4;
    private readonly double _probability;
    private readonly int _rounds;

    public RevisionRemasking(double probability, int rounds)
        : base(NamedChoices<Remasking>.Join("Revision", probability, rounds))
    {
        OptionCheck.RequireShare(probability, nameof(probability));
        OptionCheck.RequireCount(rounds, nameof(rounds));
        (_probability, _rounds) = (probability, rounds);
    }

    internal override bool UsesDraws => false;

    public override IReadOnlyList<IReadOnlyList<int>> Probes(RemaskingStep step)
    {
        if (step.MaskedCount > 0 || step.Round >= _rounds)
            return [];
        return
        [
            .. step.Committed.Select((token, i) => (token.Position, i)).GroupBy(pair => pair.i % Groups, pair => pair.Position)
                .Select(group => group.ToArray()),
        ];
    }

    public override IReadOnlyList<int> Choose(RemaskingStep step) =>
        [.. step.Committed.Where(token => token.ProbedProbability < _probability).Select(token => token.Position)];
}
