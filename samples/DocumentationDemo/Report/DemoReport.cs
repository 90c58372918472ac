using System.Globalization;
using System.Text;
using DocumentationDemo.Steps;
using Samples.Shared;

namespace DocumentationDemo.Report;

/// <summary>What the demo found, for the page it writes.</summary>
internal sealed record DemoReport(
    string Source, TrainStep Training, BitsPerByteStep BitsPerByte, ChoiceStep Choice, InfillStep Infill, ReloadStep Reload)
{
    public void Save(string path)
    {
        var report = new HtmlReport("Masked diffusion on real text, in .NET");
        report.Paragraph(
            $"Text: {Source}. Trained {Training.Result.Seconds / 60:F1} minutes on {Training.Result.Device}, "
            + $"{Training.Result.TokensSeen:N0} tokens, {Training.Result.Epochs:F1} epochs.");
        AddTraining(report);
        AddBitsPerByte(report);
        AddChoice(report);
        AddInfill(report);
        report.Heading("Saved and loaded").Paragraph(
            $"The model file has {Reload.Bytes / 1e6:F1} MB. A second process loaded it with ml.Model.Load and printed the same "
            + $"{Reload.Scores} scores, bit for bit.");
        report.Heading("Options and versions").Table(Training.Settings);
        report.Save(path);
    }

    private void AddTraining(HtmlReport report) => report.Heading("Training")
        .Markup(SvgChart.Lines("step", "nats per token",
            new SvgChart.Series("training loss", "#94a3b8", [.. Training.Result.LossHistory.Select(p => ((double)p.Step, p.Loss))]),
            new SvgChart.Series(
                "validation bound", "#2563eb", [.. Training.Result.ValidationHistory.Select(p => ((double)p.Step, p.Loss))])))
        .Note("The two are not the same quantity. The training loss counts every masked token alike; the validation bound (Eq. "
            + "4 of the paper) weighs each by one over the "
            + "noise level and bounds the negative log-likelihood of validation text: "
            + $"{Training.Result.ValidationLoss:F3} ± {Training.Result.ValidationStandardError:F3} at the end.");

    private void AddBitsPerByte(HtmlReport report)
    {
        SvgChart.Bar[] bars =
        [
            new("this model (bound)", BitsPerByte.Bound, BitsPerByte.StandardError, $"{BitsPerByte.Bound:F3} ± "
                + $"{BitsPerByte.StandardError:F3}", Highlight: true),
            new("unigram tokens", BitsPerByte.Unigram, 0, $"{BitsPerByte.Unigram:F3}"),
            new("Brotli, quality 11", BitsPerByte.Brotli, 0, $"{BitsPerByte.Brotli:F3}"),
        ];
        report.Heading("Held-out bits per byte").Markup(SvgChart.Bars(bars, bars.Max(bar => bar.Value)))
            .Note($"{BitsPerByte.Rows} held-out rows, {BitsPerByte.Bytes:N0} bytes; lower is better. "
                + "Brotli compresses all rows as one stream and knows nothing but them; the model scores each row alone.");
    }

    private void AddChoice(HtmlReport report)
    {
        report.Heading("Zero-shot multiple choice")
            .Markup(
                SvgChart.Bars([new SvgChart.Bar("this model", Choice.Accuracy, Choice.StandardError, $"{Choice.Accuracy:P1} ± "
                + $"{Choice.StandardError:P1}", Highlight: true)], 1, (0.25, "chance 25 %")))
            .Note($"{Choice.Questions} held-out names, each with its own summary among four of similar length. "
                + $"95 % interval from {Choice.LowerBound:P1}.");
        var table = new StringBuilder("<table>");
        foreach (var (row, answer) in Choice.Examples)
        {
            table.Append(CultureInfo.InvariantCulture, $"<tr><th>{HtmlReport.Escape(row.Name)}</th><td>");
            for (int i = 0; i < row.Choices.Length; i++)
            {
                string style = i == row.Label ? "right" : i == answer ? "wrong" : "";
                table.Append(
                    CultureInfo.InvariantCulture,
                    $"<div class='{style}'>{(i == answer ? "▸" : "&nbsp;")} {HtmlReport.Escape(row.Choices[i].Trim())}</div>");
            }
            table.Append("</td></tr>");
        }
        report.Markup(table.Append("</table>").ToString()).Note("Green: the true summary. ▸ the model's answer.");
    }

    private void AddInfill(HtmlReport report)
    {
        report.Heading("Infill").Paragraph(
            $"A third of the words of {Infill.Rows.Count} held-out sentences masked, {Infill.MaskedTokens} tokens: "
            + $"{Infill.Recovered:P1} of them came back exactly; guessing the most frequent token gets {Infill.MostFrequent:P1}.");
        foreach (InfillRow row in Infill.Rows.Take(5))
            report.Markup($"<table><tr><th>original</th><td>{HtmlReport.Escape(row.Original)}</td></tr><tr><th>masked</th><td>{HtmlReport.Escape(row.Masked)}</td></tr><tr><th>filled</th><td>{HtmlReport.Escape(row.Filled)}</td></tr></table><br>");
    }
}
