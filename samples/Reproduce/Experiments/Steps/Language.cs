namespace Reproduce.Experiments.Steps;

/// <summary>
/// A language of which it is known exactly how likely each text is, and in which most sequences of letters are impossible.
/// </summary>
internal abstract class Language
{
    // Impossible texts would have an infinite perplexity, so the truth that measures has this share of chance in it.
    protected const double Chance = 1e-3;

    /// <summary>What tables call it.</summary>
    public abstract string Name { get; }

    /// <summary>The lengths that are asked for, in letters.</summary>
    public abstract int[] Lengths { get; }

    /// <summary>The share of the training as an autoregressive model, before masked diffusion goes on from there.</summary>
    public virtual double WarmStart => 0;

    /// <summary>A text.</summary>
    public abstract string Draw(int length, Random random);

    /// <summary>Whether the language has the text.</summary>
    public abstract bool IsPossible(string text);

    /// <summary>-log p in nats, with a little chance so that it is finite.</summary>
    public abstract double NegativeLogLikelihood(string text);
}
