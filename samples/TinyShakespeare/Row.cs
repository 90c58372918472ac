
namespace TinyShakespeare;

/// <summary>A row of text.</summary>
internal sealed class Row
{
    public string Text { get; set; } = "";
}
