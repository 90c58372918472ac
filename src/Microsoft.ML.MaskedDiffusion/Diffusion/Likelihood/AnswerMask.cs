namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>Which answer positions are hidden, and which of these are asked for; both ascending.</summary>
internal sealed class AnswerMask(int[] hidden, int[] asked)
{
    public AnswerMask(int[] hidden) : this(hidden, hidden)
    {
    }

    public int[] Hidden { get; } = hidden;

    public int[] Asked { get; } = asked;
}
