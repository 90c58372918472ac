using TorchSharp.Native;

namespace TorchSharp;

/// <summary>A number handed to an operator.</summary>
public sealed class Scalar : IDisposable
{
    internal Scalar(torch.ScalarType type, Arg argument)
    {
        Type = type;
        Argument = argument;
    }

    public torch.ScalarType Type { get; }

    internal Arg Argument { get; }

    internal double Real => Argument.Tag == ValueTag.Double ? Argument.Real : Argument.Integer;

    internal long Integer => Argument.Tag == ValueTag.Double ? (long)Argument.Real : Argument.Integer;

    public static implicit operator Scalar(byte value) => new(torch.ScalarType.Byte, (long)value);

    public static implicit operator Scalar(sbyte value) => new(torch.ScalarType.Int8, (long)value);

    public static implicit operator Scalar(short value) => new(torch.ScalarType.Int16, (long)value);

    public static implicit operator Scalar(int value) => new(torch.ScalarType.Int32, (long)value);

    public static implicit operator Scalar(long value) => new(torch.ScalarType.Int64, value);

    public static implicit operator Scalar(float value) => new(torch.ScalarType.Float32, (double)value);

    public static implicit operator Scalar(double value) => new(torch.ScalarType.Float64, value);

    public static implicit operator Scalar(bool value) => new(torch.ScalarType.Bool, value);

    public static implicit operator Scalar(Half value) => new(torch.ScalarType.Float16, (double)value);

    public void Dispose()
    {
    }
}
