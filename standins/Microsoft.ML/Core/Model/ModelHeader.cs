using System.Text;

namespace Microsoft.ML;

/// <summary>The head of a <c>Model.key</c> entry: which loader reads the body, in which version, out of which assembly.</summary>
internal sealed class ModelHeader(string loaderSignature, int version, string assemblyName)
{
    internal const string EntryName = "Model.key";

    private static readonly byte[] Magic = Encoding.ASCII.GetBytes("ML MODEL");

    internal string LoaderSignature { get; } = loaderSignature;

    internal int Version { get; } = version;

    internal string AssemblyName { get; } = assemblyName;

    internal static ModelHeader Read(BinaryReader reader, string entry)
    {
        try
        {
            if (reader.ReadBytes(Magic.Length).AsSpan().SequenceEqual(Magic))
                return new ModelHeader(reader.ReadString(), reader.ReadInt32(), reader.ReadString());
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException)
        {
            throw new InvalidDataException($"The model file's entry '{entry}' ends within its header.", e);
        }
        throw new InvalidDataException($"The model file's entry '{entry}' does not begin with a model header.");
    }

    internal void Write(BinaryWriter writer)
    {
        writer.Write(Magic);
        writer.Write(LoaderSignature);
        writer.Write(Version);
        writer.Write(AssemblyName);
    }
}
