using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Native = MPI.Unsafe;

namespace Microsoft.ML.MaskedDiffusion.Mpi;

/// <summary>
/// Finds the machine's MPI library and begins with it. MPI.NET is written for MS-MPI, whose binary interface is MPICH's, so that any
/// library with that interface serves. Open MPI's is another: calls would be misunderstood, and are not made.
/// </summary>
internal static unsafe class MpiLibrary
{
    private const string Variable = "MDM_MPI_LIBRARY";
    private const string ImportedName = "msmpi.dll";

    // A variable of Open MPI's launcher, and a symbol of its library.
    private const string OpenMpiVariable = "OMPI_COMM_WORLD_SIZE", OpenMpiSymbol = "ompi_mpi_comm_world";

    // The launcher ends with the first process that ends badly, and takes with it what it has not passed on yet.
    private static readonly TimeSpan TimeToPassOn = TimeSpan.FromMilliseconds(300);

    private static readonly Lock Finding = new();
    private static bool _isFound, _mayAbort;

    /// <summary>Finds the library. What fails here may be tried again.</summary>
    public static void Find(MpiOptions options)
    {
        if (Environment.GetEnvironmentVariable(OpenMpiVariable) is not null)
        {
            throw new InvalidOperationException("This process was started by Open MPI, whose binary interface is another than the one this "
                + "library uses. Start it with the mpiexec of MPICH, MVAPICH or Intel MPI (Debian and Ubuntu: the package mpich, and its "
                + "mpiexec.mpich).");
        }
        lock (Finding)
        {
            if (_isFound)
                return;
            nint library = Load(options.LibraryPath ?? Environment.GetEnvironmentVariable(Variable));
            NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, (name, _, _) => name == ImportedName ? library : 0);
            _isFound = true;
        }
    }

    /// <summary>Initializes MPI and returns this process's rank and the number of ranks.</summary>
    public static (int Rank, int Size) Start(MpiOptions options)
    {
        int count = 0, rank = 0, size = 0, provided;
        byte** arguments = null;
        // MPI returns when all processes have come here.
        using (new Timer(_ => GiveUp(options), null, options.StartWithin, Timeout.InfiniteTimeSpan))
            Check(Native.MPI_Init_thread(ref count, ref arguments, Native.MPI_THREAD_MULTIPLE, out provided));
        _mayAbort = provided == Native.MPI_THREAD_MULTIPLE;
        Check(Native.MPI_Comm_rank(Native.MPI_COMM_WORLD, out rank));
        Check(Native.MPI_Comm_size(Native.MPI_COMM_WORLD, out size));
        RequireAllSlurmTasks(size);
        return (rank, size);
    }

    /// <summary>Leaves MPI, when all processes do.</summary>
    public static void End()
    {
        _mayAbort = false;
        Check(Native.MPI_Finalize());
    }

    /// <summary>
    /// Ends all processes, this one at any rate, when the launcher has had the time to pass on what they have said. It may be called while
    /// another thread waits in MPI.
    /// </summary>
    public static void EndAll()
    {
        Thread.Sleep(TimeToPassOn);
        if (_mayAbort)
        {
            // It does not come back where it works.
            var abort = new Thread(() => Native.MPI_Abort(Native.MPI_COMM_WORLD, 1)) { IsBackground = true };
            abort.Start();
            abort.Join(TimeSpan.FromSeconds(1));
        }
        Process.GetCurrentProcess().Kill();
    }

    private static void GiveUp(MpiOptions options)
    {
        Console.Error.WriteLine($"The other processes have not joined within {options.StartWithin.TotalSeconds:0} seconds. One of them may "
            + "have ended before, or does not use MPI; its own message says why. MpiOptions.StartWithin sets the time.");
        Console.Error.Flush();
        EndAll();
    }

    /// <exception cref="InvalidOperationException">An MPI call reports an error.</exception>
    public static void Check(int error)
    {
        if (error == Native.MPI_SUCCESS)
            return;
        byte[] text = new byte[Native.MPI_MAX_ERROR_STRING];
        int length = 0;
        Native.MPI_Error_string(error, text, ref length);
        throw new InvalidOperationException($"MPI reports error {error}: {Encoding.UTF8.GetString(text, 0, length)}");
    }

    // Without the right plug-in srun starts processes that each believe to be alone, and each would do the whole work.
    private static void RequireAllSlurmTasks(int size)
    {
        string? tasks = Environment.GetEnvironmentVariable("SLURM_STEP_NUM_TASKS");
        if (size == 1 && int.TryParse(tasks, out int expected) && expected > 1)
        {
            throw new InvalidOperationException($"srun has started {expected} tasks, but each sees itself alone, because srun and the MPI "
                + "library do not speak the same protocol. Start with srun --mpi=pmi2 (srun --mpi=list shows what there is), or with "
                + "mpiexec.");
        }
    }

    private static nint Load(string? path)
    {
        if (path is not null)
        {
            if (!NativeLibrary.TryLoad(path, out nint given))
            {
                throw new DllNotFoundException(
                    $"The MPI library {path}, which LibraryPath or {Variable} names, is not there or cannot be loaded.");
            }
            RequireMpich(given, path);
            return given;
        }
        if (OperatingSystem.IsWindows())
        {
            return NativeLibrary.TryLoad(ImportedName, out nint own) ? own : throw new DllNotFoundException(
                "MS-MPI (msmpi.dll) is not installed. Install Microsoft MPI, and start the program with its mpiexec.");
        }
        string[] names = OperatingSystem.IsMacOS() ? ["libmpi.12.dylib", "libmpich.12.dylib"] : ["libmpich.so.12", "libmpi.so.12"];
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, Assembly.GetExecutingAssembly(), null, out nint found))
            {
                RequireMpich(found, name);
                return found;
            }
        }
        throw new DllNotFoundException($"No MPI library with MPICH's interface was found ({string.Join(", ", names)}). Install MPICH "
            + $"(Debian and Ubuntu: apt-get install mpich), MVAPICH or Intel MPI, or name the file in {Variable}. Open MPI's interface is "
            + "another.");
    }

    private static void RequireMpich(nint library, string name)
    {
        if (!NativeLibrary.TryGetExport(library, "MPI_Init_thread", out _))
        {
            throw new DllNotFoundException(
                $"{name} is no MPI library: it has no MPI_Init_thread. Name the file of MPICH, MVAPICH or Intel MPI in {Variable}.");
        }
        if (NativeLibrary.TryGetExport(library, OpenMpiSymbol, out _))
        {
            throw new InvalidOperationException($"{name} is Open MPI's library, whose binary interface is another than the one that is "
                + $"used here. Install MPICH, MVAPICH or Intel MPI, and name the library in {Variable} if it is not found by itself.");
        }
    }
}
