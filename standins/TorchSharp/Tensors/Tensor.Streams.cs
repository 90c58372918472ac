using TorchSharp.Native;

namespace TorchSharp;

// Bytes in and out of streams, in row-major order; larger tensors than a span can hold, too.
public static partial class torch
{
    public partial class Tensor
    {
        public void WriteBytesToStream(Stream stream, int bufferSize = 1024)
        {
            using Tensor host = AsHost();
            ForEachPart(host, part => stream.Write(part));
        }

        public void ReadBytesFromStream(Stream stream, int bufferSize = 1024)
        {
            if (device_type != DeviceType.CPU || !is_contiguous())
            {
                using Tensor host = empty(shape, dtype);
                host.ReadBytesFromStream(stream, bufferSize);
                using (no_grad())
                    copy_(host);
                return;
            }
            ForEachPart(this, part => stream.ReadExactly(part));
        }

        private static unsafe void ForEachPart(Tensor host, PartAction action)
        {
            const int Largest = 1 << 28;
            NativeMethods.Check(NativeMethods.shim_tensor_data(host.Handle, out IntPtr data), "data_ptr");
            long length = host.NumberOfElements * host.ElementSize;
            for (long offset = 0; offset < length; offset += Largest)
                action(new Span<byte>((byte*)data + offset, (int)Math.Min(Largest, length - offset)));
            GC.KeepAlive(host);
        }

        private delegate void PartAction(Span<byte> part);
    }
}
