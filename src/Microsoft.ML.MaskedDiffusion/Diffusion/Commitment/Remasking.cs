using Microsoft.ML.MaskedDiffusion.Diffusion.Commitment;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// What happens to tokens once chosen: whether they are final, or are masked again and chosen anew. A rule of your own is a class with one
/// method, <see cref="Choose"/>; a rule that needs a second look at tokens overrides <see cref="Probes"/> too. Rules are immutable and safe
/// to share.
/// </summary>
/// <remarks>
/// A masked diffusion model predicts masked tokens only, and tells nothing about tokens that it sees. A rule that asks how probable a token
/// is in the light of later ones has it masked in a probe, which is a network row of its own.
/// </remarks>
public abstract class Remasking
{
    private static readonly NamedChoices<Remasking> Known = new(
        "remasking",
        ("None", 0, _ => None!),
        ("Cap", 1, numbers => Cap(numbers[0])),
        ("Rescale", 1, numbers => Rescale(numbers[0])),
        ("LeastConfident", 0, _ => LeastConfident!),
        ("Loop", 3, numbers => Loop(numbers[0], numbers[1], OptionCheck.WholeNumber(numbers[2], "steps"))),
        ("DraftAndVerify", 1, numbers => DraftAndVerify(numbers[0])),
        ("Revision", 2, numbers => Revision(numbers[0], OptionCheck.WholeNumber(numbers[1], "rounds"))),
        ("PathPlanning", 1, numbers => PathPlanning(planner: null, numbers[0])));

    /// <summary>Creates a rule.</summary>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    protected Remasking(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Name = name;
    }

    /// <summary>Tokens are final. The default.</summary>
    public static Remasking None { get; } = new NoRemasking();

    /// <summary>
    /// ReMDM's third strategy: a token is masked again with ReMDM's largest probability times its share of softmax(-probability), so that
    /// tokens chosen with little confidence are (Wang et al., "Remasking Discrete Diffusion Models with Inference-Time Scaling", 2025).
    /// </summary>
    public static Remasking LeastConfident { get; } = new LeastConfidentRemasking();

    /// <summary>The names that <see cref="FromName"/> knows.</summary>
    public static IReadOnlyList<string> Names => Known.Names;

    /// <summary>The rule's name, with its numbers in brackets.</summary>
    public string Name { get; }

    /// <summary>
    /// Whether a step fills one position more for each that it masks again, so that the number of masked tokens follows
    /// <see cref="TokensPerStep"/>. Default false.
    /// </summary>
    public virtual bool KeepsCounts => false;

    /// <summary>Whether the choice looks at what could be chosen for masked positions.</summary>
    internal virtual bool UsesPredictions => false;

    /// <summary>Whether the choice may look at <see cref="CommittedToken.Draw"/>, as a rule of somebody's own may.</summary>
    internal virtual bool UsesDraws => true;

    /// <summary>
    /// ReMDM with a cap: in each step a token is masked again with probability <paramref name="probability"/>, or less where the schedule
    /// does not allow so much; as many others are filled. The distribution at each noise level stays that of the model (Wang et al., 2025).
    /// </summary>
    /// <param name="probability">Above 0, at most 1. Default 0.05.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is out of its range.</exception>
    public static Remasking Cap(double probability = 0.05) => new CapRemasking(probability);

    /// <summary>
    /// ReMDM rescaled: the largest probability that the schedule allows, times <paramref name="factor"/> (Wang et al., 2025).
    /// </summary>
    /// <param name="factor">Above 0, at most 1. Default 0.1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="factor"/> is out of its range.</exception>
    public static Remasking Rescale(double factor = 0.1) => new RescaleRemasking(factor);

    /// <summary>
    /// ReMDM's loop: when <paramref name="visibleShare"/> of the tokens are filled, that share is kept for <paramref name="steps"/> steps,
    /// in each of which tokens are masked again with probability <paramref name="probability"/> and as many others are filled; then the
    /// rest is filled (Wang et al., 2025).
    /// </summary>
    /// <param name="probability">Above 0, at most 1. Default 0.05.</param>
    /// <param name="visibleShare">Above 0, below 1. Default 0.9.</param>
    /// <param name="steps">1 or more, in addition to the planned ones. Default 64.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range.</exception>
    public static Remasking Loop(double probability = 0.05, double visibleShare = 0.9, int steps = 64) =>
        new LoopRemasking(probability, visibleShare, steps);

    /// <summary>
    /// Tokens that were filled together are drafts: in the next step each half of them is looked at again with the other half in sight, and
    /// those with less than <paramref name="probability"/> are masked again, at most three times each. WINO's rule (Hong et al., "Wide-In,
    /// Narrow-Out", 2025), which looks at the drafts through a shadow of the block; here two more network rows do that.
    /// Use it with a loose <see cref="TokensPerStep.Threshold"/>.
    /// </summary>
    /// <param name="probability">0 to 1. Default 0.9.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is out of its range.</exception>
    public static Remasking DraftAndVerify(double probability = 0.9) => new DraftAndVerifyRemasking(probability);

    /// <summary>
    /// When all is filled, each token is looked at again with itself and a quarter of the others masked. Those with less than
    /// <paramref name="probability"/> are masked again and filled anew, one by one unless <see cref="TokensPerStep"/> asks for more, at
    /// most <paramref name="rounds"/> times: what token editing is for a model that tells nothing about tokens that it sees.
    /// </summary>
    /// <param name="probability">0 to 1. Default 0.05.</param>
    /// <param name="rounds">1 or more. Default 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range.</exception>
    public static Remasking Revision(double probability = 0.05, int rounds = 1) => new RevisionRemasking(probability, rounds);

    /// <summary>
    /// Path planning: in each step a planner rates the chosen tokens and the candidates for the masked positions; of all together the best
    /// are kept, as many as the schedule says, and the others are masked (Peng et al., "Path Planning for Masked Diffusion Model Sampling",
    /// 2025). Candidates are rated by their probability.
    /// </summary>
    /// <param name="planner">
    /// Rates chosen tokens; null for the probability with which each was chosen. A rule with a planner of yours cannot be saved.
    /// </param>
    /// <param name="weight">Factor of the ratings of chosen tokens, above 0; below 1 masks more again. Default 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="weight"/> is out of its range.</exception>
    public static Remasking PathPlanning(ITokenPlanner? planner = null, double weight = 1) => new PathPlanningRemasking(planner, weight);

    /// <summary>The rule of a name, in upper or lower case, with its numbers in brackets.</summary>
    /// <exception cref="ArgumentException">No rule has this name, or a number is out of its range.</exception>
    public static Remasking FromName(string name) => Known.FromName(name);

    /// <summary>
    /// Groups of positions with chosen tokens that the network looks at in this step, each in a row of its own with the group masked. No
    /// groups by default.
    /// </summary>
    /// <param name="step">Where the sampling stands.</param>
    public virtual IReadOnlyList<IReadOnlyList<int>> Probes(RemaskingStep step) => [];

    /// <summary>
    /// Whether the step fills no more positions than it masks again, and is none of those that <see cref="TokensPerStep"/> plans with.
    /// Default false.
    /// </summary>
    /// <param name="step">Where the sampling stands.</param>
    public virtual bool Holds(RemaskingStep step) => false;

    /// <summary>
    /// The positions to mask again, of those in <see cref="RemaskingStep.Committed"/>. Asked in each step, and again when all positions are
    /// filled, until it returns none: then the tokens are final.
    /// </summary>
    /// <param name="step">Where the sampling stands.</param>
    public abstract IReadOnlyList<int> Choose(RemaskingStep step);

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
