using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>The numbers in which a loaded model holds its matrices and its embedding table in memory.</summary>
public enum WeightType
{
    /// <summary>
    /// As the files hold them: <see cref="BFloat16"/> where all matrices of the files are bfloat16, as most published models are,
    /// <see cref="Int8"/> where they were saved so, and <see cref="Float32"/> otherwise. The default.
    /// </summary>
    [JsonStringEnumMemberName("Automatic")]
    Automatic,

    /// <summary>
    /// 32-bit floats: 4 bytes a parameter, and up to 8 on the processor from the first time that a model writes a text or fills a gap.
    /// Only such models can be trained further.
    /// </summary>
    [JsonStringEnumMemberName("Float32")]
    Float32,

    /// <summary>
    /// bfloat16, the upper half of a 32-bit float: 2 bytes a parameter. Numbers of files that have more bits are rounded to nearest, ties
    /// to even; gains and biases stay 32-bit. On the processor all arithmetic is that of 32-bit floats, so that results have the bits of
    /// the same numbers held in <see cref="Float32"/>. On a GPU gains and biases are bfloat16 too, and so is the arithmetic, whose results
    /// have two to three decimal digits. Such a model cannot be trained.
    /// </summary>
    [JsonStringEnumMemberName("BFloat16")]
    BFloat16,

    /// <summary>
    /// 8-bit integers with a 32-bit scale for each row of a matrix or of the embedding table, its largest magnitude divided by 127: one
    /// byte a parameter. A number is rounded to the nearest multiple of its row's scale, ties to even, while files are read; gains and
    /// biases stay 32-bit. All arithmetic is that of 32-bit floats: on the processor results have the bits of the rounded numbers held in
    /// <see cref="Float32"/>, and elsewhere a matrix is widened whenever it is used. docs/memory.md says what the rounding costs. Such a
    /// model cannot be trained, cannot be merged with an adapter, and is saved in this library's own form alone, in 8 bits.
    /// </summary>
    [JsonStringEnumMemberName("Int8")]
    Int8,
}
