namespace Microsoft.ML.Data;

public sealed partial class TextLoader
{
    /// <summary>Columns of the file, both ends included.</summary>
    public sealed class Range
    {
        public int Min;

        /// <summary>Null together with <see cref="AutoEnd"/> or <see cref="VariableEnd"/>.</summary>
        public int? Max;

        /// <summary>Up to the last column that the first lines of the file have.</summary>
        public bool AutoEnd;

        /// <summary>Up to each line's own end: the vector's size varies.</summary>
        public bool VariableEnd;

        /// <summary>A vector even if it is of one column.</summary>
        public bool ForceVector;

        public Range()
        {
        }

        public Range(int index)
            : this(index, index)
        {
        }

        public Range(int min, int? max)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(min);
            if (max < min)
                throw new ArgumentOutOfRangeException(nameof(max), "If specified, must be greater than or equal to " + nameof(min));
            Min = min;
            Max = max;
            AutoEnd = max == null;
        }
    }
}
