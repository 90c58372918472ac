using System.Text;

namespace Microsoft.ML;

/// <summary>Where one component of a model writes itself: its own folder in the archive, with a <c>Model.key</c> and further entries.</summary>
public sealed class ModelSaveContext : IDisposable
{
    private readonly ModelArchiveWriter _archive;
    private readonly MemoryStream _body = new();
    private ModelHeader _header;
    private bool _done;

    internal ModelSaveContext(ModelArchiveWriter archive, string directory)
    {
        _archive = archive;
        Directory = directory;
        Writer = new BinaryWriter(_body, Encoding.UTF8, leaveOpen: true);
    }

    internal string Directory { get; }

    /// <summary>Writes the body of <c>Model.key</c>.</summary>
    internal BinaryWriter Writer { get; }

    public void Dispose() => Writer.Dispose();

    /// <summary>Throws unless this is the start of a model, before anything was written to it.</summary>
    internal void CheckAtModel()
    {
        Writer.Flush();
        if (_header != null || _body.Length != 0)
            throw new InvalidOperationException("The model was written to before its header was set.");
    }

    /// <summary>Says which loader reads this model.</summary>
    internal void SetHeader(ModelHeader header) => _header = header;

    /// <summary>Saves a part in a folder of its own below this one.</summary>
    internal void SaveModel(ICanSaveModel part, string name)
    {
        using var context = new ModelSaveContext(_archive, Combine(name));
        part.Save(context);
        context.Done();
    }

    /// <summary>Writes another entry beside <c>Model.key</c>.</summary>
    internal void SaveBinaryStream(string name, Action<BinaryWriter> write) => _archive.Write(Combine(name), write);

    /// <summary>Ends the model; one that never set its header is refused.</summary>
    internal void Done()
    {
        if (_done)
            return;
        if (_header == null)
            throw new InvalidOperationException("ModelSignature not specified!");
        Writer.Flush();
        _archive.Write(Combine(ModelHeader.EntryName), writer =>
        {
            _header.Write(writer);
            writer.Write(_body.GetBuffer(), 0, (int)_body.Length);
        });
        _done = true;
    }

    private string Combine(string name) => Directory.Length == 0 ? name : Directory + "/" + name;
}
