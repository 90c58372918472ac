namespace Microsoft.ML;

/// <summary>Marks a class that saved models find by its contract name.</summary>
public abstract class ExtensionBaseAttribute : Attribute
{
    private protected ExtensionBaseAttribute(string contractName)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(contractName);
        ContractName = contractName;
    }

    public string ContractName { get; }
}
