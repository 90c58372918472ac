using System.Reflection;

namespace Microsoft.ML.Runtime;

/// <summary>The extensions that saved models can name. Safe for several threads.</summary>
public sealed class ComponentCatalog
{
    private readonly Lock _gate = new();
    private readonly HashSet<Assembly> _assemblies = [];
    private readonly Dictionary<(Type Attribute, string Contract), Type> _extensions = [];

    internal ComponentCatalog()
    {
    }

    /// <summary>Makes the classes of <paramref name="assembly"/> that carry an extension attribute known by their contract names.</summary>
    public void RegisterAssembly(Assembly assembly, bool throwOnError = true)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        lock (_gate)
        {
            if (!_assemblies.Add(assembly))
                return;
            foreach (var type in assembly.GetTypes())
            {
                if (!type.IsClass || type.IsAbstract)
                    continue;
                foreach (var attribute in type.GetCustomAttributes<ExtensionBaseAttribute>(inherit: false))
                {
                    var key = (attribute.GetType(), attribute.ContractName);
                    if (!_extensions.TryAdd(key, type) && throwOnError)
                        throw new InvalidOperationException($"Extension type already registered: contract '{key.ContractName}' names {_extensions[key]} and {type}.");
                }
            }
        }
    }

    /// <summary>The class registered under a contract name with this kind of attribute, or null.</summary>
    internal Type FindExtension(Type attributeType, string contractName)
    {
        lock (_gate)
            return _extensions.GetValueOrDefault((attributeType, contractName));
    }
}
