using Microsoft.ML.MaskedDiffusion.Diffusion.Remasking;
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
    private static readonly NamedChoices<Remasking> Known = new("remasking", ("None", 0, _ => None!));

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

    /// <summary>The names that <see cref="FromName"/> knows.</summary>
    public static IReadOnlyList<string> Names => Known.Names;

    /// <summary>The rule's name, with its numbers in brackets.</summary>
    public string Name { get; }

    /// <summary>
    /// Whether a step fills one position more for each that it masks again, so that the number of masked tokens follows
    /// <see cref="TokensPerStep"/>. <see cref="Choose"/> is then asked before the network runs. Default false.
    /// </summary>
    public virtual bool KeepsCounts => false;

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
    /// The positions to mask again, of those in <see cref="RemaskingStep.Committed"/>. Asked in each step, and again when all positions are
    /// filled, until it returns none: then the tokens are final.
    /// </summary>
    /// <param name="step">Where the sampling stands.</param>
    public abstract IReadOnlyList<int> Choose(RemaskingStep step);

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
