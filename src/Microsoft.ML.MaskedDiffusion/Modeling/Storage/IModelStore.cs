namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>Where the files of a saved model are read from: a folder or an archive.</summary>
internal interface IModelStore : IDisposable
{
    /// <summary>The name for messages.</summary>
    string Source { get; }

    /// <summary>All files that are there, '/' between folder and file.</summary>
    IReadOnlyCollection<string> Files { get; }

    /// <summary>The file from its start, and the most bytes that it can hold.</summary>
    (Stream Content, long Limit) Open(string name);
}
