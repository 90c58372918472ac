namespace Microsoft.ML.Data;

/// <summary>How chains are saved: one folder per transformer.</summary>
internal static class TransformerChain
{
    internal const string LoaderSignature = "TransformerChain";
    private const int Version = 1;

    internal static void Save(ModelSaveContext context, IReadOnlyList<ITransformer> transformers, IReadOnlyList<TransformerScope> scopes)
    {
        context.CheckAtModel();
        context.SetHeader(new ModelHeader(LoaderSignature, Version, typeof(TransformerChain).Assembly.FullName));
        context.Writer.Write(transformers.Count);
        for (var i = 0; i < transformers.Count; i++)
        {
            context.Writer.Write((int)scopes[i]);
            context.SaveModel(transformers[i], FolderOf(i));
        }
    }

    internal static ITransformer Load(IHostEnvironment environment, ModelLoadContext context)
    {
        var count = context.Reader.ReadCount("transformers");
        if (context.Header.Version != Version)
            throw new InvalidDataException($"The chain '{context.Directory}' is saved in version {context.Header.Version}.");
        var transformers = new List<ITransformer>();
        var scopes = new List<TransformerScope>();
        for (var i = 0; i < count; i++)
        {
            scopes.Add((TransformerScope)context.Reader.ReadInt32());
            transformers.Add(context.LoadModel(environment, FolderOf(i)));
        }
        return new TransformerChain<ITransformer>(transformers, scopes);
    }

    private static string FolderOf(int index) => FormattableString.Invariant($"Transform_{index:000}");
}
