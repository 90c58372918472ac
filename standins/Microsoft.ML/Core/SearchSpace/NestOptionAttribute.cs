namespace Microsoft.ML.SearchSpace;

/// <summary>An option whose own members are part of the search space.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field, AllowMultiple = false, Inherited = true)]
public sealed class NestOptionAttribute : Attribute
{
}
