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
    /// <exception cref="InvalidDataException">A line is not what it should be; the message names it.</exception>
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
        IEnumerable<Row> rows = settings.Format switch
        {
            RowFormat.Fields => InputLines.Read(
                null, path, null, row => new Row(InputLines.Text(row, promptField), "", InputLines.Text(row, answerField)), context),
            RowFormat.ShareGpt => Rows(FineTuningReader.ShareGpt, path),
            RowFormat.Gsm8k => Rows(FineTuningReader.Gsm8k, path),
            RowFormat.Reversal => Rows(FineTuningReader.Reversal, path),
            _ => throw new UsageException($"Format is {settings.Format}; it must be {DataTypes.Describe(typeof(RowFormat))}."),
        };
        return context.Ml.Data.LoadFromEnumerable(rows.ToList());
    }

    private static IEnumerable<Row> Rows(FineTuningReader reader, string path) =>
        reader.Read(path).Select(row => new Row(row.Prompt, row.Reasoning, row.Answer));

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
