using System.Globalization;
using System.Text;
using DocumentationDemo.Steps;
using Samples.Shared;

namespace DocumentationDemo.Report;

/// <summary>The results of the demo, and the page that shows them.</summary>
internal sealed record DemoReport(
    string Source, TrainStep Training, BitsPerByteStep BitsPerByte, ChoiceStep Choice, InfillStep Infill, WriteStep Writing,
    ReloadStep Reload)
{
    public void Save(string path)
    {
        var report = new HtmlReport("Masked diffusion on real text, in .NET");
        report.Paragraph(
            $"A masked diffusion language model was trained on {Source} for {Training.Result.Seconds / 60:F1} "
            + $"minutes on {Training.Result.Device}: "
            + $"{Training.Result.TokensSeen:N0} tokens, {Training.Result.Epochs:F1} passes over the training rows. "
            + "All results below are on rows "
            + "that it was not trained on. A ± gives one standard error.");
        AddTraining(report);
        AddBitsPerByte(report);
        AddChoice(report);
        AddInfill(report);
        AddWriting(report);
        report.Heading("Saved and loaded").Paragraph(
            $"The model file has {Reload.Bytes / 1e6:F1} MB. A second process loaded it with ml.Model.Load and computed the same "
            + $"{Reload.Scores} scores, bit for bit.");
        report.Heading("Settings and versions").Table(Training.Settings);
        report.Save(path);
    }

    private void AddTraining(HtmlReport report) => report.Heading("Training")
        .Markup(SvgChart.Lines("training step", "nats per token",
            new SvgChart.Series(
                "training loss", "#64748b", [.. Training.Result.LossHistory.Select(point => ((double)point.Step, point.Loss))]),
            new SvgChart.Series(
                "validation loss", "#2563eb", [.. Training.Result.ValidationHistory.Select(point => ((double)point.Step, point.Loss))])))
        .Note("The two curves do not show the same quantity, so they need not meet. "
            + "The training loss is the mean cross-entropy of masked tokens. "
            + "The validation loss weighs each masked token by one over its noise level (equation 4 of the paper), "
            + "which makes it an upper bound on "
            + "the negative log-likelihood of the validation rows. It ends at "
            + $"{Training.Result.ValidationLoss:F3} ± {Training.Result.ValidationStandardError:F3}.");

    private void AddBitsPerByte(HtmlReport report)
    {
        string value = $"{BitsPerByte.Bound:F3} ± {BitsPerByte.StandardError:F3}";
        SvgChart.Bar[] bars =
        [
            new("this model (upper bound)", BitsPerByte.Bound, BitsPerByte.StandardError, value, Highlight: true),
            new("token frequencies", BitsPerByte.Unigram, 0, $"{BitsPerByte.Unigram:F3}"),
            new("Brotli, quality 11", BitsPerByte.Brotli, 0, $"{BitsPerByte.Brotli:F3}"),
        ];
        report.Heading("How well it predicts held-out text: bits per byte").Markup(SvgChart.Bars(bars, bars.Max(bar => bar.Value)))
            .Note($"Lower is better. Measured on {BitsPerByte.Rows} held-out rows, {BitsPerByte.Bytes:N0} bytes. "
                + "The model scores each row alone. "
                + "\"Token frequencies\" predicts every token by how often it occurs in the training rows. "
                + "Brotli compresses all rows as one stream and "
                + "has seen no other text.");
    }

    private void AddChoice(HtmlReport report)
    {
        var bar = new SvgChart.Bar(
            "this model", Choice.Accuracy, Choice.StandardError, $"{Choice.Accuracy:P1} ± {Choice.StandardError:P1}", Highlight: true);
        report.Heading("Zero-shot multiple choice: which summary belongs to the name?")
            .Markup(SvgChart.Bars([bar], 1, (0.25, "guessing: 25 %")))
            .Note($"{Choice.Questions} held-out names, each with its own summary and those of three other rows of similar length. "
                + $"The 95 % confidence interval starts at {Choice.LowerBound:P1}.");
        var table = new StringBuilder("<table>");
        foreach (var (row, answer) in Choice.Examples)
        {
            table.Append(CultureInfo.InvariantCulture, $"<tr><th>{HtmlReport.Escape(row.Name)}</th><td>");
            for (int i = 0; i < row.Choices.Length; i++)
            {
                string style = i == row.Label ? "right" : i == answer ? "wrong" : "";
                string answered = i == answer ? "▸" : "";
                table.Append(CultureInfo.InvariantCulture,
                    $"<div class='choice {style}'><span>{answered}</span>{HtmlReport.Escape(row.Choices[i].Trim())}</div>");
            }
            table.Append("</td></tr>");
        }
        report.Markup(table.Append("</table>").ToString())
            .Note("Five of the questions. Blue: the right summary. ▸: the model's answer, orange where it is wrong.");
    }

    private void AddWriting(HtmlReport report) => report.Heading("Writing on")
        .Table(Writing.Rows.Select(row => (row.Prompt, row.Text.Text)))
        .Note("Left the first words of held-out rows, right what the model wrote after them.")
        .Markup("<p><a href='writing.html'>The first of them, step by step</a></p>");

    private void AddInfill(HtmlReport report)
    {
        report.Heading("Infilling").Paragraph(
            $"A third of the words of {Infill.Rows.Count} held-out sentences were replaced by gaps, {Infill.MaskedTokens} tokens in all. "
            + $"{Infill.Recovered:P1} of these tokens were filled in exactly as they were; always guessing the most frequent token gives "
            + $"{Infill.MostFrequent:P1}. [MASK] is a gap of one token, [MASK*2] one of two tokens.");
        foreach (InfillRow row in Infill.Rows.Take(5))
            report.Table([("original", row.Original), ("with gaps", row.Masked), ("filled", row.Filled)]).Markup("<br>");
    }
}
