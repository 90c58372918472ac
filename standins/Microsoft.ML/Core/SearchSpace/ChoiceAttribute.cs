namespace Microsoft.ML.SearchSpace;

/// <summary>The values a tuner may choose an option from.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field, AllowMultiple = false, Inherited = true)]
public sealed class ChoiceAttribute : Attribute
{
    public ChoiceAttribute(params object[] candidates)
        : this(candidates, candidates.FirstOrDefault())
    {
    }

    public ChoiceAttribute(object[] candidates, object defaultValue)
    {
        if (candidates.Length == 0 || candidates.Any(c => c == null || c.GetType() != candidates[0].GetType()))
            throw new ArgumentException("Candidates must be there and be of one type.", nameof(candidates));
        Candidates = candidates;
        DefaultValue = defaultValue;
    }

    public object[] Candidates { get; }

    public object DefaultValue { get; }
}
