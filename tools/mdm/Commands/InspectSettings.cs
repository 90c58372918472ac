namespace Mdm.Commands;

/// <summary>The settings of 'mdm inspect'.</summary>
internal sealed class InspectSettings
{
    /// <summary>The file or folder.</summary>
    public string? Path { get; set; }
}
