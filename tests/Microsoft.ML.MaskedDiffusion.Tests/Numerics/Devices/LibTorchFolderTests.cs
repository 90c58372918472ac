using System.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class LibTorchFolderTests
{
    // The assembly's name is one whose classes see the library's internal ones.
    private const string Child = "Microsoft.ML.MaskedDiffusion.Tests";

    private const string Program = """
        using System;
        using System.IO;
        using System.Linq;
        using Microsoft.ML.MaskedDiffusion;
        using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
        using TorchSharp;

        try
        {
            NativeRuntime.EnsureLoaded();
            using torch.Tensor two = torch.ones(2).sum();
            var loaded = File.ReadLines("/proc/self/maps").Where(line => line.EndsWith("libtorch_cpu.so"))
                .Select(line => line[line.IndexOf('/')..]).Distinct();
            Console.WriteLine($"{two.item<float>()} {string.Join(' ', loaded)}");
        }
        catch (TorchUnavailableException error)
        {
            Console.WriteLine(error.Message);
        }
        """;

    [TestMethod]
    public void AFolderThatIsMissingOrEmptyIsNamed()
    {
        using var folder = new TemporaryFolder();
        string missing = Path.Combine(folder.Path, "missing");
        Check(Fails(() => LibTorchFolder.Find(missing, [])), missing, "there is no such folder");
        Check(Fails(() => LibTorchFolder.Find(folder.Path, [])), folder.Path, "neither it nor its folder lib has", "torch/lib");
    }

    [TestMethod]
    public void TheFolderOfThePythonPackageIsUnderstood()
    {
        using var folder = new TemporaryFolder();
        string lib = Library(folder, "torch/lib");
        Assert.AreEqual(lib, LibTorchFolder.Find(lib, []));
        Assert.AreEqual(lib, LibTorchFolder.Find(Path.GetDirectoryName(lib)!, [Path.Combine(folder.Path, "application")]));
    }

    [TestMethod]
    public void AnApplicationWithALibtorchOfItsOwnIsRefused()
    {
        using var folder = new TemporaryFolder();
        string lib = Library(folder, "torch/lib"), own = Library(folder, "application");
        Check(Fails(() => LibTorchFolder.Find(lib, [own])), lib, $"a libtorch of its own in {own}", "TorchSharp alone");
        Assert.AreEqual(own, LibTorchFolder.Find(own, [own + Path.DirectorySeparatorChar]));
    }

    [TestMethod]
    public void AnotherVersionIsRefused()
    {
        var built = new Version(2, 10, 0, 0);
        LibTorchFolder.RequireVersion(new Version(2, 10, 0), built, "folder");
        Check(Fails(() => LibTorchFolder.RequireVersion(new Version(2, 9, 1), built, "folder")), "folder", "of version 2.9.1",
            "was built for 2.10.0", "torch==2.10.0");
        Check(Fails(() => LibTorchFolder.RequireVersion(null, built, "folder")), "folder", "does not say which");
    }

    [TestMethod]
    public void AnApplicationWithoutLibtorchTakesThatOfTheFolder()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive("The test reads what is loaded from /proc, which only Linux has.");
        using var folder = new TemporaryFolder();
        string application = Directory.CreateDirectory(Path.Combine(folder.Path, "application")).FullName;
        string lib = Directory.CreateDirectory(Path.Combine(folder.Path, "torch", "lib")).FullName;
        foreach (string file in Directory.GetFiles(AppContext.BaseDirectory))
        {
            string name = Path.GetFileName(file);
            bool ofLibTorch = name.StartsWith("libtorch", StringComparison.Ordinal) || name.StartsWith("libc10", StringComparison.Ordinal)
                || name.StartsWith("libgomp", StringComparison.Ordinal);
            if (ofLibTorch)
                File.CreateSymbolicLink(Path.Combine(lib, name), file);
            else if (name.EndsWith(".dll", StringComparison.Ordinal) || name == "libLibTorchSharp.so")
                File.Copy(file, Path.Combine(application, name));
        }
        Compile(application);
        Assert.AreEqual($"2 {Real(Path.Combine(lib, "libtorch_cpu.so"))}", Run(application, Path.GetDirectoryName(lib)!));
        StringAssert.Contains(Run(application, null), "libtorch, on which it depends, is not beside it");
        // A file that is no library, where libtorch should be.
        File.Delete(Path.Combine(lib, "libtorch_cpu.so"));
        File.WriteAllText(Path.Combine(lib, "libtorch_cpu.so"), "text");
        StringAssert.Contains(Run(application, lib), "the system's loader refuses it");
    }

    private static string Library(TemporaryFolder folder, string path)
    {
        string full = Directory.CreateDirectory(Path.Combine(folder.Path, path)).FullName;
        string name = OperatingSystem.IsWindows() ? "torch_cpu.dll" : OperatingSystem.IsMacOS() ? "libtorch_cpu.dylib" : "libtorch_cpu.so";
        File.WriteAllText(Path.Combine(full, name), "");
        return full;
    }

    private static string Real(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;

    private static string Fails(Action action) => Assert.ThrowsExactly<TorchUnavailableException>(action).Message;

    private static void Check(string message, params string[] parts)
    {
        Assert.HasCount(3, message.Split('\n'));
        StringAssert.Contains(message, LibTorchFolder.Variable);
        foreach (string part in parts)
            StringAssert.Contains(message, part);
    }

    private static void Compile(string application)
    {
        string trusted = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        var compilation = CSharpCompilation.Create(
            Child,
            [CSharpSyntaxTree.ParseText(Program)],
            trusted.Split(Path.PathSeparator).Where(path => Path.GetFileNameWithoutExtension(path) != Child)
                .Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication));
        EmitResult result = compilation.Emit(Path.Combine(application, Child + ".dll"));
        Assert.IsTrue(result.Success, string.Join('\n', result.Diagnostics));
        string config = $$"""
            {
              "runtimeOptions": { "framework": { "name": "Microsoft.NETCore.App", "version": "{{Environment.Version}}" } }
            }
            """;
        File.WriteAllText(Path.Combine(application, Child + ".runtimeconfig.json"), config);
    }

    private static string Run(string application, string? libTorch)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(application, Child + ".dll")]) { RedirectStandardOutput = true };
        start.Environment[LibTorchFolder.Variable] = libTorch;
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output.Trim();
    }
}
