using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Memory;

/// <summary>
/// Sums of tensors, and arithmetic of tensors with numbers, whose scalars live as long as the call. TorchSharp's own operators make a
/// scalar object that nothing refers to any more once its address is taken: if a garbage collection comes at that moment, libtorch reads
/// freed memory. A test sees to it that the library uses these methods only.
/// </summary>
internal static class TensorArithmetic
{
    // A sum of two tensors has a factor for the second. (A difference has none, and so no scalar.)
    private static readonly Scalar One = 1.ToScalar();

    public static Tensor Plus(this Tensor left, Tensor right) => left.add(right, One);

    public static Tensor Plus(this Tensor tensor, double number)
    {
        using Scalar scalar = number.ToScalar();
        return tensor.add(scalar, One);
    }

    public static Tensor Times(this Tensor tensor, double number)
    {
        using Scalar scalar = number.ToScalar();
        return tensor.mul(scalar);
    }

    public static Tensor Over(this Tensor tensor, double number)
    {
        using Scalar scalar = number.ToScalar();
        return tensor.div(scalar);
    }

    /// <summary>The whole part of tensor / number, rounded down.</summary>
    public static Tensor WholeOver(this Tensor tensor, long number)
    {
        using Scalar scalar = number.ToScalar();
        return tensor.div(scalar, RoundingMode.floor);
    }

    public static Tensor AtMost(this Tensor tensor, double number)
    {
        using Scalar scalar = number.ToScalar();
        return tensor.clamp(null, scalar);
    }

    /// <summary>Whether each number is at most the given one.</summary>
    public static Tensor IsAtMost(this Tensor tensor, double number)
    {
        using Scalar scalar = number.ToScalar();
        return tensor.le(scalar);
    }

    /// <summary>tensor = number.</summary>
    public static Tensor Set(this Tensor tensor, double number)
    {
        using Scalar scalar = number.ToScalar();
        return tensor.fill_(scalar);
    }

    /// <summary>tensor = tensor + number.</summary>
    public static Tensor Increase(this Tensor tensor, double number)
    {
        using Scalar scalar = number.ToScalar();
        return tensor.add_(scalar, One);
    }

    /// <summary>tensor = tensor + factor * other.</summary>
    public static Tensor Increase(this Tensor tensor, Tensor other, double factor = 1)
    {
        using Scalar scalar = factor.ToScalar();
        return tensor.add_(other, scalar);
    }

    /// <summary>tensor = tensor * number.</summary>
    public static Tensor Scale(this Tensor tensor, double number)
    {
        using Scalar scalar = number.ToScalar();
        return tensor.mul_(scalar);
    }

    /// <summary>tensor = tensor / number.</summary>
    public static Tensor Divide(this Tensor tensor, double number)
    {
        using Scalar scalar = number.ToScalar();
        return tensor.div_(scalar);
    }

    /// <summary>tensor = tensor + factor * left * right.</summary>
    public static Tensor IncreaseByProduct(this Tensor tensor, Tensor left, Tensor right, double factor)
    {
        using Scalar scalar = factor.ToScalar();
        return tensor.addcmul_(left, right, scalar);
    }

    /// <summary>tensor = tensor + factor * left / right.</summary>
    public static Tensor IncreaseByQuotient(this Tensor tensor, Tensor left, Tensor right, double factor)
    {
        using Scalar scalar = factor.ToScalar();
        return tensor.addcdiv_(left, right, scalar);
    }
}
