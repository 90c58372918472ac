namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>The element types of a safetensors file that this library reads; it writes F32, BF16, F16 and I64.</summary>
internal enum SafetensorsType
{
    BOOL,
    U8,
    I8,
    I16,
    I32,
    I64,
    F16,
    BF16,
    F32,
    F64,
}
