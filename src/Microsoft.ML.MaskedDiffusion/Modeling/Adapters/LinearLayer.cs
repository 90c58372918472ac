using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Adapters;

/// <summary>
/// A linear layer of a network under the name of its module in some naming, and where its weight is among the parameters.
/// </summary>
/// <param name="Name">The module's name: that of the weight without ".weight".</param>
/// <param name="Outputs">Rows of the weight.</param>
/// <param name="Inputs">Columns of the weight.</param>
/// <param name="Rows">Where the weight's rows are; together they are all of its rows.</param>
internal sealed record LinearLayer(string Name, long Outputs, long Inputs, StoredRows[] Rows)
{
    /// <summary>Whether it is a projection of attention: to queries, keys and values, or back from them.</summary>
    public bool IsAttention => Rows[0].Parameter.Contains(".attn.", StringComparison.Ordinal);

    /// <summary>Whether it is part of a gated feed-forward layer.</summary>
    public bool IsFeedForward => Rows[0].Parameter.Contains(".mlp.", StringComparison.Ordinal);

    /// <summary>Whether it is the output layer.</summary>
    public bool IsOutput => Rows[0].Parameter == TransformerNetwork.HeadName;
}
