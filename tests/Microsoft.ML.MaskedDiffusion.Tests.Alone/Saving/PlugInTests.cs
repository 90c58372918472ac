using System.Reflection;
using System.Runtime.Loader;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A plug-in that brings this library in a load context of its own, either with ML.NET or in a host whose ML.NET it shares and that has
/// never heard of this library.
/// </summary>
[TestClass]
public sealed class PlugInTests
{
    private const string Ours = "Microsoft.ML.MaskedDiffusion";

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    public void WithMlNetInTheSameContextBothWaysOfLoadingWork()
    {
        string expected = Stranger.Prepare(_folder.Path, "likelihood");
        Assembly plugIn = new Context("plug-in", _ => true, null).LoadFromAssemblyPath(Stranger.CompilePlugIn(_folder.Path));
        Assert.AreEqual(expected, Call(plugIn, "PlugIn", "Load", _folder.Path, "likelihood.zip"));
        Assert.AreEqual(expected, Call(plugIn, "Scores", "Of", _folder.Path));
    }

    [TestMethod]
    public void InAHostsMlNetOursWorksAndMlNetsOwnNeedsTheContextNamed()
    {
        string expected = Stranger.Prepare(_folder.Path, "likelihood");
        var host = new Context("host", name => name.StartsWith("Microsoft.ML", StringComparison.Ordinal) && name != Ours, null);
        var context = new Context("plug-in", name => name == Ours, host);
        Assembly plugIn = context.LoadFromAssemblyPath(Stranger.CompilePlugIn(_folder.Path));
        // ML.NET looks for the assembly that a mapping names where ML.NET itself is, unless it is told where else.
        Assert.Contains(Ours, Unwrapped.Throws<FileNotFoundException>(() => Call(plugIn, "Scores", "Of", _folder.Path)).Message);
        using (context.EnterContextualReflection())
            Assert.AreEqual(expected, Call(plugIn, "Scores", "Of", _folder.Path));
        Assert.AreEqual(expected, Call(plugIn, "PlugIn", "Load", _folder.Path, "likelihood.zip"));
    }

    private static string Call(Assembly assembly, string type, string method, params object[] arguments) =>
        (string)assembly.GetType(type)!.GetMethod(method, [.. arguments.Select(argument => argument.GetType())])!.Invoke(null, arguments)!;

    /// <summary>
    /// A context with what it is told to have, from the tests' own folder. It asks its host for the rest of ML.NET, and the program for all
    /// else; a host refuses what only its plug-ins have.
    /// </summary>
    private sealed class Context(string name, Func<string, bool> has, Context? host) : AssemblyLoadContext(name)
    {
        private readonly AssemblyDependencyResolver _files = new(typeof(PlugInTests).Assembly.Location);

        protected override Assembly? Load(AssemblyName assembly)
        {
            if (Has(assembly.Name!))
                return _files.ResolveAssemblyToPath(assembly) is { } path ? LoadFromAssemblyPath(path) : null;
            if (host is not null && host.Has(assembly.Name!))
                return host.LoadFromAssemblyName(assembly);
            return assembly.Name == Ours ? throw new FileNotFoundException($"{Name} has no {Ours}.", assembly.FullName) : null;
        }

        protected override nint LoadUnmanagedDll(string library) =>
            _files.ResolveUnmanagedDllToPath(library) is { } path ? LoadUnmanagedDllFromPath(path) : 0;

        private bool Has(string assembly) => has(assembly);
    }
}
