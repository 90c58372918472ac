namespace Reproduce.Experiments.Common;

/// <summary>A row of text to train on, in the column that trainers read by default.</summary>
internal sealed class TextRow
{
    public string Text { get; set; } = "";
}
