using System.Reflection;

namespace Microsoft.ML.Transforms;

/// <summary>Loads custom mappings: by contract name, out of the assembly that held the mapping when it was saved.</summary>
internal static class CustomMappingLoader
{
    public const string LoaderSignature = "CustomMapper";

    public static void Save(ModelSaveContext context, string contractName, Assembly assembly)
    {
        context.Start(LoaderSignature);
        context.Writer.Write(contractName);
        context.Writer.Write(assembly.FullName);
    }

    public static ITransformer Load(IHostEnvironment environment, ModelLoadContext context)
    {
        string contract = context.Reader.ReadString(), assemblyName = context.Reader.ReadString();
        environment.ComponentCatalog.RegisterAssembly(LoadAssembly(contract, assemblyName));
        var type = environment.ComponentCatalog.FindExtension(typeof(CustomMappingFactoryAttributeAttribute), contract)
            ?? throw new InvalidOperationException($"No class with the contract '{contract}' was found in '{assemblyName}' or another registered assembly. "
                + "Register its assembly with ComponentCatalog.RegisterAssembly before loading the model.");
        if (Activator.CreateInstance(type, nonPublic: true) is not ICustomMappingFactory factory)
            throw new InvalidOperationException($"The class with contract '{contract}' must derive from '{typeof(CustomMappingFactory<,>).FullName}'.");
        return factory.CreateTransformer(contract);
    }

    private static Assembly LoadAssembly(string contract, string name)
    {
        try
        {
            return Assembly.Load(name);
        }
        catch (Exception e) when (e is FileNotFoundException or FileLoadException or BadImageFormatException or ArgumentException)
        {
            throw new InvalidOperationException($"The custom mapping '{contract}' lives in the assembly '{name}', which cannot be loaded here.", e);
        }
    }
}
