namespace Microsoft.ML.Transforms;

/// <summary>How loading makes a transformer out of a factory whose type parameters it does not know.</summary>
internal interface ICustomMappingFactory
{
    ITransformer CreateTransformer(string contractName);
}
