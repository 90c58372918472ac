
namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>What an input column holds.</summary>
internal enum ColumnKind
{
    /// <summary>A text.</summary>
    Text,

    /// <summary>A vector of texts.</summary>
    Texts,

    /// <summary>What rows are grouped by: a text, date, truth value, number or key.</summary>
    Group,
}
