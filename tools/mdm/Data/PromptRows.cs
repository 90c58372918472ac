using Mdm.Commands;
using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Data;

/// <summary>Rows of prompts and answers for fine-tuning.</summary>
internal static class PromptRows
{
    /// <summary>Reads rows as a view with the columns Prompt, Reasoning (of GSM8K) and Answer.</summary>
    /// <exception cref="UsageException">It is of a kind that is not read, or has no such column.</exception>
    /// <exception cref="InvalidDataException">
    /// A line is not what it should be, and the message names it; or all records were left out, and it says why.
    /// </exception>
    public static IDataView Open(string path, FinetuneSettings settings, ToolContext context)
    {
        SourceFiles.RequireFile(path);
        SourceFiles.RefuseOtherKinds(path, "JSON lines, .csv and .tsv files, and the files of --format");
        (string promptField, string answerField) = (settings.PromptField, settings.AnswerField);
        if (settings.Format == RowFormat.Fields && Tables.IsTable(path))
        {
            IDataView table = Tables.Open(
                path, [promptField, answerField], texts => new Row(texts[0], "", texts[1]), settings.Table,
                "Name its columns with --prompt-field and --answer-field.", context);
            TextData.RequireText(table, path);
            return table;
        }
        List<Row> rows = settings.Format switch
        {
            RowFormat.Fields => InputLines.Read(
                null, path, null, row => new Row(InputLines.Text(row, promptField), "", InputLines.Text(row, answerField)), context),
            RowFormat.ShareGpt => Rows(FineTuningReader.ShareGpt, path, settings.Format, context),
            RowFormat.Gsm8k => Rows(FineTuningReader.Gsm8k, path, settings.Format, context),
            RowFormat.Reversal => Rows(FineTuningReader.Reversal, path, settings.Format, context),
            _ => throw new UsageException($"Format is {settings.Format}; it must be {DataTypes.Describe(typeof(RowFormat))}."),
        };
        return context.Ml.Data.LoadFromEnumerable(rows);
    }

    // The reader counts what it leaves out while the rows are taken from it, so they are all taken before it is said.
    private static List<Row> Rows(FineTuningReader reader, string path, RowFormat format, ToolContext context)
    {
        var skipped = new SkippedRows();
        List<Row> rows = [.. reader.Read(path, skipped: skipped).Select(row => new Row(row.Prompt, row.Reasoning, row.Answer))];
        if (skipped.Count == 0)
            return rows;
        string reasons = string.Join(", ", skipped.ByReason.Select(reason => $"{reason.Value} {reason.Key}"));
        if (rows.Count == 0)
        {
            throw new InvalidDataException($"All records of {path}, read as {format}, were left out: {reasons}. Correct them, or name what "
                + "the file is with --format.");
        }
        // A record of GSM8K has two rows, of which the first has no reasoning.
        int kept = rows.Count(row => row.Reasoning.Length == 0);
        string were = skipped.Count == 1 ? "was" : "were";
        context.Say($"{skipped.Count} of {kept + skipped.Count} records of {path} {were} left out: {reasons}.");
        return rows;
    }

    private sealed class Row(string prompt, string reasoning, string answer)
    {
        public Row()
            : this("", "", "")
        {
        }

        public string Prompt { get; set; } = prompt;

        public string Reasoning { get; set; } = reasoning;

        public string Answer { get; set; } = answer;
    }
}
