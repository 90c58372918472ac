using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Transforms.Generation;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Writes texts after prompts. There is nothing to fit. The model stays the caller's: it must outlive the transformers and is not disposed
/// by them.
/// </summary>
/// <remarks>Safe for several threads. See <see cref="TextGenerationTransformer"/> for what exactly is computed.</remarks>
public sealed class TextGenerationEstimator : IEstimator<TextGenerationTransformer>
{
    private readonly TextGenerationComputation _computation;

    /// <summary>Creates an estimator.</summary>
    /// <param name="model">The model that writes; it stays the caller's.</param>
    /// <param name="options">How to write; null for the defaults.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range (<see cref="ArgumentOutOfRangeException"/>), or a name is empty or used twice.
    /// </exception>
    public TextGenerationEstimator(MaskedDiffusionModel model, TextGenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _computation = new TextGenerationComputation(model, options ?? new TextGenerationOptions());
    }

    /// <summary>Checks the schema and makes the transformer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The input column is missing or not text.</exception>
    public TextGenerationTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        GetOutputSchema(SchemaShapes.Of(input.Schema));
        return new TextGenerationTransformer(_computation, null);
    }

    /// <summary>The input's columns and the columns of what was written.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The input column is missing or not text.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) =>
        BatchedTransform<string, GeneratedText>.GetOutputSchema(inputSchema, _computation.Inputs, _computation.Outputs);
}
