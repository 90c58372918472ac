namespace Microsoft.ML.SearchSpace;

/// <summary>An option a tuner may switch on and off.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field, AllowMultiple = false, Inherited = true)]
public sealed class BooleanChoiceAttribute : Attribute
{
    public BooleanChoiceAttribute()
        : this(true)
    {
    }

    public BooleanChoiceAttribute(bool defaultValue) => DefaultValue = defaultValue;

    public bool DefaultValue { get; }
}
