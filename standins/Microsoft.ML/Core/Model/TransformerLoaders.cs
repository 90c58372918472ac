using Microsoft.ML.Transforms;

namespace Microsoft.ML;

/// <summary>The loaders of the transformers that can be saved, by the signature in their headers.</summary>
internal static class TransformerLoaders
{
    private static readonly Dictionary<string, Func<IHostEnvironment, ModelLoadContext, ITransformer>> Loaders = new()
    {
        [TransformerChain.LoaderSignature] = TransformerChain.Load,
        [ColumnCopyingTransformer.LoaderSignature] = ColumnCopyingTransformer.Load,
        [ColumnConcatenatingTransformer.LoaderSignature] = ColumnConcatenatingTransformer.Load,
        [ColumnSelectingTransformer.LoaderSignature] = ColumnSelectingTransformer.Load,
        [ValueMappingTransformer.LoaderSignature] = ValueMappingTransformer.Load,
        [ValueToKeyMappingTransformer.LoaderSignature] = ValueToKeyMappingTransformer.Load,
        [KeyToValueMappingTransformer.LoaderSignature] = KeyToValueMappingTransformer.Load,
        [CustomMappingLoader.LoaderSignature] = CustomMappingLoader.Load,
    };

    internal static ITransformer Load(IHostEnvironment environment, ModelLoadContext context)
    {
        if (!Loaders.TryGetValue(context.Header.LoaderSignature, out var load))
            throw new InvalidDataException($"The model's part '{context.Directory}' asks for the loader '{context.Header.LoaderSignature}', which is not known.");
        try
        {
            return load(environment, context);
        }
        catch (Exception e) when (e is EndOfStreamException || (e is ArgumentException or OverflowException or FormatException && !RunsUserCode(context)))
        {
            throw new InvalidDataException($"The model's part '{context.Directory}' ends early or holds values that cannot be.", e);
        }
    }

    // What a user's factory throws is no fault of the file.
    private static bool RunsUserCode(ModelLoadContext context) =>
        context.Header.LoaderSignature is TransformerChain.LoaderSignature or CustomMappingLoader.LoaderSignature;
}
