using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static readonly Device CPU = new(DeviceType.CPU, -1);

    public static ScalarType uint8 = ScalarType.Byte;

    public static ScalarType int8 = ScalarType.Int8;

    public static ScalarType int16 = ScalarType.Int16;

    public static ScalarType int32 = ScalarType.Int32;

    public static ScalarType int64 = ScalarType.Int64;

    public static ScalarType float16 = ScalarType.Float16;

    public static ScalarType bfloat16 = ScalarType.BFloat16;

    public static ScalarType float32 = ScalarType.Float32;

    public static ScalarType float64 = ScalarType.Float64;

    public static ScalarType @bool = ScalarType.Bool;

    public static Device CUDA => new(DeviceType.CUDA, -1);

    public static Device device(string description) => new(description);

    public static Device device(string deviceType, int index = -1) => new(deviceType, index);

    public static Device device(DeviceType deviceType, int index = -1) => new(deviceType, index);

    public static DisposeScope NewDisposeScope() => DisposeScopeManager.NewDisposeScope();

    public static int get_num_threads()
    {
        NativeLibraries.EnsureLoaded();
        return NativeMethods.shim_get_num_threads();
    }

    public static void set_num_threads(int num)
    {
        NativeLibraries.EnsureLoaded();
        NativeMethods.Check(NativeMethods.shim_set_num_threads(num), "set_num_threads");
    }

    public static bool TryInitializeDeviceType(DeviceType deviceType)
    {
        try
        {
            InitializeDeviceType(deviceType);
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or NotSupportedException)
        {
            return false;
        }
    }

    public static void InitializeDeviceType(DeviceType deviceType)
    {
        NativeLibraries.EnsureLoaded();
        if (deviceType == DeviceType.CUDA ? !cuda.is_available() : deviceType != DeviceType.CPU)
            throw new NotSupportedException($"This libtorch has no device of type {deviceType} here.");
    }

    public static Generator manual_seed(long seed)
    {
        NativeLibraries.EnsureLoaded();
        NativeMethods.Check(NativeMethods.shim_manual_seed((ulong)seed), "manual_seed");
        return Generator.Default;
    }

    public enum ScalarType : sbyte
    {
        Byte = 0,
        Int8 = 1,
        Int16 = 2,
        Int32 = 3,
        Int64 = 4,
        Float16 = 5,
        Float32 = 6,
        Float64 = 7,
        ComplexFloat32 = 9,
        ComplexFloat64 = 10,
        Bool = 11,
        BFloat16 = 15,
    }

    public enum RoundingMode
    {
        None,
        trunc,
        floor,
    }

    public static class cuda
    {
        public static bool is_available()
        {
            NativeLibraries.EnsureLoaded();
            return NativeMethods.shim_cuda_available() != 0 && NativeMethods.shim_cuda_device_count() > 0;
        }

        public static int device_count()
        {
            NativeLibraries.EnsureLoaded();
            return NativeMethods.shim_cuda_device_count();
        }

        public static bool is_cudnn_available() => is_available() && NativeMethods.shim_cudnn_available() != 0;

        public static void manual_seed(long seed) => Seed(seed, 0);

        public static void manual_seed_all(long seed) => Seed(seed, -1);

        public static void synchronize(Device device = default)
        {
            InitializeDeviceType(DeviceType.CUDA);
            NativeMethods.Check(NativeMethods.shim_cuda_synchronize(device?.index ?? -1), "synchronize");
        }

        private static void Seed(long seed, int index)
        {
            // As in PyTorch, a seed for devices that are not there is no error.
            if (is_available())
                NativeMethods.Check(NativeMethods.shim_cuda_manual_seed((ulong)seed, index), "manual_seed");
        }
    }

    public class Device
    {
        public Device(string description)
        {
            string[] parts = description.Split(':');
            type = Parse(parts[0]);
            index = parts.Length > 1 ? int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) : -1;
        }

        public Device(string deviceType, int index = -1)
        {
            type = Parse(deviceType);
            this.index = index;
        }

        public Device(DeviceType deviceType, int index = -1)
        {
            type = deviceType;
            this.index = index;
        }

        public Device(int index)
            : this(DeviceType.CUDA, index)
        {
        }

        public DeviceType type { get; }

        public int index { get; }

        public override string ToString() => type.ToString().ToLowerInvariant() + (index == -1 ? "" : $":{index}");

        public override bool Equals(object obj) => obj is Device other && other.type == type && other.index == index;

        public override int GetHashCode() => HashCode.Combine(type, index);

        private static DeviceType Parse(string name) =>
            Enum.TryParse(name, ignoreCase: true, out DeviceType type) ? type : throw new ArgumentException($"Invalid device type {name}");
    }
}
