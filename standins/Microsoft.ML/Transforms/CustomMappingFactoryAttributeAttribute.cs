namespace Microsoft.ML.Transforms;

/// <summary>Names the contract a <see cref="CustomMappingFactory{TSrc, TDst}"/> stands for in saved models.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class CustomMappingFactoryAttributeAttribute : ExtensionBaseAttribute
{
    public CustomMappingFactoryAttributeAttribute(string contractName)
        : base(contractName)
    {
    }
}
