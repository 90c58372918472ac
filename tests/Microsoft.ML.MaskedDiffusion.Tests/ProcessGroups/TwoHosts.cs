using System.ComponentModel;
using System.Diagnostics;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Two hosts with a cable between them: network namespaces of this machine and a pair of virtual network cards. That takes Linux, its
/// administrator and iproute2; elsewhere the test is counted as not run.
/// </summary>
internal sealed class TwoHosts : IDisposable
{
    private const string FirstAddress = "10.77.31.1", SecondAddress = "10.77.31.2";

    private readonly TemporaryFolder _folder = new();
    private readonly string _first = $"mdm-{Environment.ProcessId}-a", _second = $"mdm-{Environment.ProcessId}-b";

    private TwoHosts()
    {
    }

    public static TwoHosts Require()
    {
        var hosts = new TwoHosts();
        if (OperatingSystem.IsLinux() && hosts.Make())
            return hosts;
        hosts.Dispose();
        Assert.Inconclusive("Two hosts need network namespaces, which take Linux, its administrator and iproute2.");
        return hosts;
    }

    /// <summary>How mpiexec is started on the first host, so that it starts a rank on each.</summary>
    public string[] Launcher(string mpiexec)
    {
        // In the place of ssh: options, the host, the command.
        string script = _folder.File("rsh");
        File.WriteAllText(script, $"""
            #!/bin/sh
            while [ "${"{1#-}"}" != "$1" ]; do shift; done
            host=$1
            shift
            if [ "$host" = {FirstAddress} ]; then space={_first}; else space={_second}; fi
            exec ip netns exec $space sh -c "$*"

            """);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return ["ip", "netns", "exec", _first, mpiexec, "-launcher", "ssh", "-launcher-exec", script, "-hosts",
            $"{FirstAddress},{SecondAddress}"];
    }

    /// <summary>Pulls the cable out.</summary>
    public void Cut() => Assert.IsTrue(Ip("-n", _second, "link", "set", "card", "down"));

    public void Dispose()
    {
        Ip("netns", "del", _first);
        Ip("netns", "del", _second);
        _folder.Dispose();
    }

    private bool Make() =>
        Ip("netns", "add", _first) && Ip("netns", "add", _second)
        && Ip("-n", _first, "link", "add", "card", "type", "veth", "peer", "name", "card", "netns", _second)
        && SetUp(_first, FirstAddress) && SetUp(_second, SecondAddress);

    private static bool SetUp(string space, string address) =>
        Ip("-n", space, "addr", "add", address + "/24", "dev", "card") && Ip("-n", space, "link", "set", "card", "up")
        && Ip("-n", space, "link", "set", "lo", "up");

    private static bool Ip(params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
