namespace TorchSharp.Native;

/// <summary>An argument of an operator; whatever fits converts to one.</summary>
internal readonly struct Arg
{
    private Arg(ValueTag tag, long integer = 0, double real = 0, object reference = null, int count = 0)
    {
        Tag = tag;
        Integer = integer;
        Real = real;
        Reference = reference;
        Count = count;
    }

    public ValueTag Tag { get; }

    public long Integer { get; }

    public double Real { get; }

    public object Reference { get; }

    public int Count { get; }

    public static Arg None => default;

    public static implicit operator Arg(torch.Tensor tensor) => tensor is null ? default : new Arg(ValueTag.Tensor, reference: tensor);

    public static implicit operator Arg(long value) => new(ValueTag.Int, value);

    public static implicit operator Arg(long? value) => value is { } number ? new Arg(ValueTag.Int, number) : default;

    public static implicit operator Arg(double value) => new(ValueTag.Double, real: value);

    public static implicit operator Arg(bool value) => new(ValueTag.Bool, value ? 1 : 0);

    public static implicit operator Arg(long[] values) => values is null ? default : new Arg(ValueTag.Ints, reference: values, count: values.Length);

    public static implicit operator Arg(torch.ScalarType? type) => type is { } value ? new Arg(ValueTag.Int, (int)value) : default;

    public static implicit operator Arg(torch.ScalarType type) => new(ValueTag.Int, (int)type);

    public static implicit operator Arg(torch.Device device) => device is null ? default : new Arg(ValueTag.Device, (int)device.type, count: device.index);

    public static implicit operator Arg(torch.Generator generator) => generator is null ? default : new Arg(ValueTag.Generator, reference: generator);

    public static implicit operator Arg(string text) => new(ValueTag.String, reference: text);

    public static implicit operator Arg(Scalar scalar) => scalar is null ? default : scalar.Argument;

    /// <summary>A list of tensors.</summary>
    public static Arg List(torch.Tensor[] tensors) => new(ValueTag.Tensors, reference: tensors, count: tensors.Length);

    /// <summary>A list of tensors some of which may be null.</summary>
    public static Arg Optionals(torch.Tensor[] tensors) => new(ValueTag.Optionals, reference: tensors, count: tensors.Length);
}
