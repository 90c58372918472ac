using Microsoft.ML.MaskedDiffusion.Diffusion.Orders;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Which masked positions are filled first. An order of your own is a class with one method, <see cref="Priority"/>. Orders are immutable
/// and safe to share.
/// </summary>
/// <remarks>
/// Orders by how sure the network is (<see cref="Confidence"/>, <see cref="TopProbability"/>, <see cref="Margin"/>,
/// <see cref="Entropy"/>) suit single answers. They lower the entropy of free text, which small models then let repeat itself (arXiv
/// 2604.00375). <see cref="Random"/> with temperature 1 draws from the model's own distribution.
/// </remarks>
public abstract class SamplingOrder
{
    private static readonly NamedChoices<SamplingOrder> Known = new(
        "sampling order",
        ("Confidence", 0, _ => Confidence!),
        ("TopProbability", 0, _ => TopProbability!),
        ("Margin", 0, _ => Margin!),
        ("Entropy", 0, _ => Entropy!),
        ("Random", 0, _ => Random!),
        ("LeftToRight", 0, _ => LeftToRight!));

    /// <summary>Creates an order.</summary>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    protected SamplingOrder(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Name = name;
    }

    /// <summary>Those whose chosen token has the highest probability (SMDM's "greddy", LLaDA's low-confidence remasking).</summary>
    public static SamplingOrder Confidence { get; } = new ConfidenceOrder();

    /// <summary>
    /// Those whose most probable token has the highest probability, whichever token is drawn. The same as <see cref="Confidence"/> at
    /// temperature 0.
    /// </summary>
    public static SamplingOrder TopProbability { get; } = new TopProbabilityOrder();

    /// <summary>
    /// Those whose most probable token is furthest ahead of the second (Kim et al., "Train for the Worst, Plan for the Best", 2025).
    /// </summary>
    public static SamplingOrder Margin { get; } = new MarginOrder();

    /// <summary>Those whose predicted distribution has the lowest entropy.</summary>
    public static SamplingOrder Entropy { get; } = new EntropyOrder();

    /// <summary>A random order: the ancestral sampler of masked diffusion (SMDM's "origin").</summary>
    public static SamplingOrder Random { get; } = new RandomOrder();

    /// <summary>From the first position to the last.</summary>
    public static SamplingOrder LeftToRight { get; } = new LeftToRightOrder();

    /// <summary>The names that <see cref="FromName"/> knows.</summary>
    public static IReadOnlyList<string> Names => Known.Names;

    /// <summary>The order's name.</summary>
    public string Name { get; }

    /// <summary>
    /// Whether <see cref="Priority"/> looks at the network's predictions. Where it does not, the positions of a step are known before the
    /// network runs, and no others are computed. Default true.
    /// </summary>
    public virtual bool UsesPredictions => true;

    /// <summary>
    /// Whether <see cref="Priority"/> depends on which token was drawn. Where it does not, and <see cref="UsesDraws"/> is false too, the
    /// order is a rule of the tokens so far, and the sampler's own likelihood can be computed
    /// (<see cref="LikelihoodMethod.Sampler(SamplingOptions)"/>). Default false.
    /// </summary>
    public virtual bool UsesChosenToken => false;

    /// <summary>
    /// Whether <see cref="Priority"/> looks at <see cref="TokenPrediction.Draw"/>. Where it does, the order is random, and a sampler of it
    /// has no likelihood of its own. Default false.
    /// </summary>
    public virtual bool UsesDraws => false;

    /// <summary>The order of a name, in upper or lower case.</summary>
    /// <exception cref="ArgumentException">No order has this name; the message lists them.</exception>
    public static SamplingOrder FromName(string name) => Known.FromName(name);

    /// <summary>
    /// How early a position is filled: higher is earlier, of equal positions the first one. Called from several threads at once.
    /// </summary>
    /// <param name="prediction">What the network says about the position.</param>
    public abstract double Priority(in TokenPrediction prediction);

    /// <summary>The priority, which is a number: with NaN the positions would be filled from left to right without a word.</summary>
    /// <exception cref="InvalidOperationException">It is NaN.</exception>
    internal double CheckedPriority(in TokenPrediction prediction)
    {
        double priority = Priority(prediction);
        return !double.IsNaN(priority) ? priority : throw new InvalidOperationException(
            $"The order '{Name}' gives position {prediction.Position} the priority NaN; it must be a number. An order that looks at "
            + "predictions says so by UsesPredictions.");
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
