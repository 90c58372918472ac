using System.Diagnostics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

/// <summary>
/// Large products of operands rounded to bfloat16, by libtorch, on processors with instructions for them, which .NET does not have. Sums
/// are 32-bit, and a product is rounded to bfloat16, as under autocast. Each of our threads computes some rows, with libtorch's own threads
/// left out.
/// </summary>
internal static unsafe class BFloat16Product
{
    // Multiplications below which conversions and calls take as long as they save.
    private const long LeastWork = 1 << 24;

    // libtorch has another kernel for few rows.
    private const int LeastRows = 32;

    // How much faster it must be, so that chance does not decide.
    private const double LeastGain = 1.1;

    private static readonly Lazy<bool> Faster = new(Measure);

    // The number of libtorch's threads while nobody is inside, and how many callers are.
    private static readonly Lock Gate = new();
    private static int _threads;
    private static int _inside;

    [ThreadStatic]
    private static bool _isSingle;

    /// <summary>
    /// Whether libtorch's products are faster here than <see cref="MatrixProduct"/>'s, conversions included; measured on the first call,
    /// in some hundredths of a second.
    /// </summary>
    public static bool IsFaster => Faster.Value;

    /// <summary>Whether a product of this size should be computed here.</summary>
    public static bool Fits(int m, int n, int k) => m >= LeastRows && (long)m * n * k >= LeastWork && IsFaster;

    /// <summary>As <see cref="MatrixProduct.Multiply"/> with operands rounded to bfloat16.</summary>
    public static void Multiply(
        int m, int n, int k, float* a, long lda, bool transposeA, float* b, long ldb, bool transposeB, float* c, long ldc, bool add)
    {
        using var noGrad = torch.no_grad();
        using torch.Tensor narrowA = transposeA ? Empty(k, m) : Empty(m, k), narrowB = transposeB ? Empty(n, k) : Empty(k, n);
        Narrow(a, lda, narrowA);
        Narrow(b, ldb, narrowB);
        using torch.Tensor left = transposeA ? narrowA.t() : narrowA.alias(), right = transposeB ? narrowB.t() : narrowB.alias();
        // No task has so few rows that another kernel would compute them.
        int tasks = Math.Clamp(m / LeastRows, 1, Workers.Count);
        Enter();
        try
        {
            Workers.Run(tasks, task =>
            {
                int first = (int)((long)m * task / tasks), count = (int)((long)m * (task + 1) / tasks) - first;
                UseOneThread();
                using var alone = torch.no_grad();
                using torch.Tensor some = left.narrow(0, first, count);
                using torch.Tensor product = some.mm(right);
                Widen(product, c + first * ldc, ldc, add);
            });
        }
        finally
        {
            Leave();
        }
    }

    private static void Enter()
    {
        lock (Gate)
        {
            if (_inside++ == 0)
                _threads = torch.get_num_threads();
        }
    }

    // The number is one of the calling thread, and of threads that use libtorch for the first time.
    private static void Leave()
    {
        lock (Gate)
        {
            _inside--;
            torch.set_num_threads(_threads);
            _isSingle = false;
        }
    }

    private static torch.Tensor Empty(int rows, int columns) => torch.empty(rows, columns, torch.ScalarType.BFloat16);

    private static void UseOneThread()
    {
        if (_isSingle)
            return;
        torch.set_num_threads(1);
        _isSingle = true;
    }

    private static void Narrow(float* from, long stride, torch.Tensor to)
    {
        int rows = (int)to.shape[0], columns = (int)to.shape[1];
        var target = (ushort*)TensorMemory.Address(to, torch.ScalarType.BFloat16);
        Workers.Rows(rows, Math.Max(1, (1 << 16) / columns), (first, last) =>
        {
            for (int row = first; row < last; row++)
                BFloat16Kernels.NarrowAlone(from + row * stride, target + (long)row * columns, columns);
        });
    }

    private static void Widen(torch.Tensor from, float* to, long stride, bool add)
    {
        int rows = (int)from.shape[0], columns = (int)from.shape[1];
        var source = (ushort*)TensorMemory.Address(from, torch.ScalarType.BFloat16);
        for (int row = 0; row < rows; row++)
            BFloat16Kernels.WidenAlone(source + (long)row * columns, to + row * stride, columns, add);
    }

    private static bool Measure()
    {
        const int Size = 512, Repetitions = 8;
        float[] operand = new float[Size * Size], product = new float[Size * Size];
        Array.Fill(operand, 1);
        double own = double.MaxValue, torchs = double.MaxValue;
        fixed (float* x = operand, y = product)
        {
            float* a = x, c = y;
            for (int i = 0; i < Repetitions; i++)
            {
                own = Math.Min(own, Seconds(
                    () => MatrixProduct.MultiplyOwn(Size, Size, Size, a, Size, false, a, Size, true, c, Size, add: false, rounded: true)));
                torchs = Math.Min(torchs, Seconds(
                    () => Multiply(Size, Size, Size, a, Size, false, a, Size, true, c, Size, add: false)));
            }
        }
        return torchs * LeastGain < own;
    }

    private static double Seconds(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
