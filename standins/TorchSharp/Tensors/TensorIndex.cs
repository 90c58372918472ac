namespace TorchSharp;

internal enum TensorIndexKind
{
    None, Single, Ellipsis, Slice, Tensor,
}

public static partial class torch
{
    public struct TensorIndex
    {
        internal TensorIndexKind Kind;
        internal long? Start;
        internal long? Stop;
        internal long? Step;
        internal Tensor Value;

        public static TensorIndex Ellipsis = new() { Kind = TensorIndexKind.Ellipsis };

        public static TensorIndex None = new() { Kind = TensorIndexKind.None };

        public static TensorIndex Null = None;

        public static TensorIndex Colon = Slice();

        public static implicit operator TensorIndex(long value) => Single(value);

        public static implicit operator TensorIndex(int value) => Single(value);

        public static implicit operator TensorIndex(Tensor value) => Tensor(value);

        public static implicit operator TensorIndex(Range range) => Slice(range);

        public static TensorIndex Slice(long? start = default, long? stop = default, long? step = default) => new() { Kind = TensorIndexKind.Slice, Start = start, Stop = stop, Step = step };

        public static TensorIndex Slice(Range range) =>
            Slice(range.Start.IsFromEnd ? -range.Start.Value : range.Start.Value, range.End.IsFromEnd ? (range.End.Value == 0 ? null : -range.End.Value) : range.End.Value);

        public static TensorIndex Single(long? index) => new() { Kind = TensorIndexKind.Single, Start = index };

        public static TensorIndex Tensor(Tensor tensor) => new() { Kind = TensorIndexKind.Tensor, Value = tensor };
    }
}
