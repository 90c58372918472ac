using System.Globalization;
using Microsoft.ML.MaskedDiffusion;
using Spectre.Console.Rendering;

namespace ConsoleView;

/// <summary>One picture of a text that is being written: the text, the legend and a line of figures.</summary>
/// <param name="state">The state that is shown.</param>
/// <param name="prompt">The prompt before the text.</param>
/// <param name="elapsed">The time since the writing began.</param>
/// <param name="maxHeight">The lines that there is room for, of a longer text the end; null for all.</param>
internal sealed class GenerationFrame(GenerationState state, string prompt, TimeSpan elapsed, int? maxHeight = null) : IRenderable
{
    // An empty line, the legend, the figures.
    private const int LinesBelow = 3;

    public GenerationState State => state;

    public TimeSpan Elapsed => elapsed;

    public Measurement Measure(RenderOptions options, int maxWidth) => new(Math.Min(1, maxWidth), maxWidth);

    public IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        List<TextLine> lines = TextLine.Wrap(TextCells.Of(state, prompt, options.Unicode), maxWidth);
        foreach (TextLine line in Visible(lines, maxWidth))
        {
            foreach (TextCell cell in line.Cells)
                yield return new Segment(cell.Text, cell.Style);
            yield return Segment.LineBreak;
        }
        yield return Segment.LineBreak;
        foreach (Segment segment in Legend.Of(maxWidth, options.Unicode))
            yield return segment;
        yield return Segment.LineBreak;
        yield return new Segment(TextCells.Cut(Figures(), maxWidth), TokenColors.Dim);
        yield return Segment.LineBreak;
    }

    /// <summary>The text and the figures without colours, for files and pipes.</summary>
    public string ToPlainText()
    {
        string text = TextCells.PlainText(prompt + (state.Result?.Text ?? state.Text));
        return $"{text}{Environment.NewLine}[{Figures()}]{Environment.NewLine}";
    }

    private string Figures()
    {
        int filled = state.Tokens.Count(token => !token.IsMasked);
        double seconds = Math.Max(elapsed.TotalSeconds, 1e-3);
        string speed = string.Create(CultureInfo.InvariantCulture,
            $"{state.NetworkRowCount:N0} network rows, {filled / seconds:N0} tokens/s");
        return state.Result is { } result
            ? string.Create(CultureInfo.InvariantCulture,
                $"{filled:N0} tokens in {state.Step + 1:N0} steps, {Ended(result.FinishReason)}, {speed}")
            : string.Create(CultureInfo.InvariantCulture,
                $"step {state.Step + 1:N0}, {filled:N0} of {state.Tokens.Count:N0} tokens, {speed}");
    }

    private static string Ended(FinishReason reason) => reason switch
    {
        FinishReason.Length => "ended by length",
        FinishReason.EndOfText => "ended by the model",
        FinishReason.StopString => "ended by a stop string",
        FinishReason.Cancelled => "cancelled",
        _ => "the prompt cannot be used",
    };

    // The end of what is written; where lines are left out, a line says how many.
    private List<TextLine> Visible(List<TextLine> lines, int width)
    {
        int room = maxHeight is { } height ? Math.Max(1, height - LinesBelow) : int.MaxValue;
        if (lines.Count <= room)
            return lines;
        int end = Math.Min(lines.Count, Math.Max(room, lines.FindLastIndex(line => line.IsWritten) + 2));
        List<TextLine> shown = lines[(end - room)..end];
        if (end > room && room > 1)
            shown[0] = TextLine.Note($"... {end - room + 1} lines above", width);
        if (end < lines.Count && room > 2)
            shown[^1] = TextLine.Note($"... {lines.Count - end + 1} lines below", width);
        return shown;
    }
}
