using System.Runtime.InteropServices;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Runs code as a user whom file permissions stop. An administrator is not stopped by them, so on Linux the calling thread gives up
/// that right meanwhile: its user for file access becomes "nobody". The code must do its file access on the calling thread.
/// </summary>
internal static class OrdinaryUser
{
    private const uint Administrator = 0, Nobody = 65534;

    public static T Run<T>(Func<T> code)
    {
        if (!Environment.IsPrivilegedProcess)
            return code();
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive("Only on Linux can an administrator's thread give up its right to write everywhere.");
        SetFileSystemUser(Nobody);
        try
        {
            // The call returns the user before it and reports no error, so a second call tells whether the first one worked.
            Assert.AreEqual(Nobody, SetFileSystemUser(Nobody), "The thread's user for file access could not be changed.");
            return code();
        }
        finally
        {
            SetFileSystemUser(Administrator);
        }
    }

    [DllImport("libc", EntryPoint = "setfsuid")]
    private static extern uint SetFileSystemUser(uint user);
}
