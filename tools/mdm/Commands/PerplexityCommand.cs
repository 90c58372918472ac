using System.Globalization;
using Mdm.Data;
using Mdm.Output;
using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>Measures the perplexity of texts.</summary>
internal sealed class PerplexityCommand : ModelCommand<PerplexitySettings>
{
    public PerplexityCommand()
        : base(
            "perplexity", "Measure perplexity and bits per byte of texts (upper bounds for masked diffusion models) with standard errors.",
            "mdm perplexity held.txt --model lm.zip",
            "mdm perplexity a.txt b.txt --model lm.zip --documents File --json")
    {
        AddArgument("data", "Data", "Text or JSON-lines files, folders of them, .csv or .tsv files; each is measured by itself, too.");
        AddModel();
        AddOption("--column", "Column", "The field of JSON lines, or the column of a table, with the text. Default: text.");
        AddOption("--separator", "Table.Separator", Tables.SeparatorHelp, "character");
        AddOption("--documents", "Text.Boundary",
            "What ends a document: Automatic, File, BlankLine, Line or JsonLine. Default: BlankLine for text files, "
            + "Automatic with folders or JSON lines.");
        AddOption("--max-documents", "MaxDocuments", "Documents of each file or folder, from its beginning. Default: all.");
        AddOption("--samples", "Perplexity.Likelihood.Samples", "Masks drawn for each window of a document. Default: 16.");
        AddOption("--stride", "Perplexity.Stride", "New tokens in each window of a long document. Default: half the model's context.");
        AddDeviceAndWeights();
        AddCommonOptions();
    }

    /// <inheritdoc/>
    protected override PerplexitySettings Defaults(PerplexitySettings given) =>
        new() { Text = new TextFilesOptions { Boundary = TextData.Boundary(given.Data) } };

    /// <inheritdoc/>
    protected override int Run(PerplexitySettings settings, ToolContext context)
    {
        if (settings.Data.Count == 0)
            throw new UsageException("No data: name files or folders after the command.");
        if (settings.MaxDocuments < 1)
            throw new UsageException($"--max-documents (MaxDocuments) is {settings.MaxDocuments}; it must be at least 1.");
        foreach (string path in settings.Data)
            RequireReadable(path, settings, context);
        using MaskedDiffusionModel model = ModelPlace.Open(settings, context);
        using ConsoleProgress progress = context.StartProgress();
        settings.Perplexity.Progress = progress;
        (PerplexityResult result, string? interrupted) = Measure(model, settings, context);
        progress.Dispose();
        PerplexityFigures[] files =
        [
            .. result.Groups.Where(group => group.Group != interrupted).OrderBy(group => settings.Data.ToList().IndexOf(group.Group!)),
        ];
        PerplexityFigures[] figures = files.Length > 1 && interrupted is null ? [.. files, result.All] : files;
        context.Results.Rows([.. figures.Select(figure => Row(figure, context.Results.IsJson))]);
        if (interrupted is not null)
        {
            context.Say($"Interrupted in {interrupted}; the figures are those of the files before it.");
            return ExitCode.Interrupted;
        }
        if (result.EmptyCount > 0)
        {
            context.Say(string.Create(CultureInfo.InvariantCulture,
                $"{result.EmptyCount:N0} {(result.EmptyCount == 1 ? "document" : "documents")} without a token left out."));
        }
        if (!context.Results.IsJson)
        {
            context.Say($"Value ± error over documents ± error of the estimate; {result.Settings}; windows of {result.Stride} new tokens "
                + $"for {result.WindowedCount} long {(result.WindowedCount == 1 ? "document" : "documents")}.");
        }
        return ExitCode.Done;
    }

    // The figures, and the file in which the work was interrupted after others; null for none.
    private static (PerplexityResult Result, string? Interrupted) Measure(
        MaskedDiffusionModel model, PerplexitySettings settings, ToolContext context)
    {
        string? interrupted = null;
        long given = 0, scored = 0, firstEnd = long.MaxValue;
        using var atOnce = new CancellationTokenSource();
        using CancellationTokenRegistration registration = context.Cancellation.Register(EndUnlessAnyIsWhole);
        settings.Perplexity.Progress = new CountedProgress(settings.Perplexity.Progress!, count => Volatile.Write(ref scored, count));
        try
        {
            return (new PerplexityEvaluator(model, settings.Perplexity).Evaluate(InTurn(), atOnce.Token), interrupted);
        }
        catch (ArgumentException) when (interrupted is not null)
        {
            // The files before it have no document with a token.
            throw new OperationCanceledException(context.Cancellation);
        }

        bool IsAnyWhole() => Volatile.Read(ref scored) >= Volatile.Read(ref firstEnd);

        // Until a file is whole there is nothing to lose. From then on the documents end early, so that the evaluator gives its figures.
        void EndUnlessAnyIsWhole()
        {
            if (!IsAnyWhole())
                atOnce.Cancel();
        }

        IEnumerable<PerplexityDocument> InTurn()
        {
            foreach (string path in settings.Data)
            {
                foreach (PerplexityDocument document in Documents(path, settings, context))
                {
                    if (context.Cancellation.IsCancellationRequested && IsAnyWhole())
                    {
                        interrupted = path;
                        yield break;
                    }
                    given++;
                    yield return document;
                }
                if (firstEnd == long.MaxValue)
                    Volatile.Write(ref firstEnd, given);
            }
        }
    }

    // A row that cannot be read shows before any file is measured, whose figures it would take along.
    private static void RequireReadable(string path, PerplexitySettings settings, ToolContext context)
    {
        TextData.RequireText(Open(path, settings, context), path);
        foreach (PerplexityDocument _ in Documents(path, settings, context))
            context.Cancellation.ThrowIfCancellationRequested();
    }

    private static IEnumerable<PerplexityDocument> Documents(string path, PerplexitySettings settings, ToolContext context)
    {
        IEnumerable<string> texts = Open(path, settings, context).GetColumn<string>("Text");
        return texts.Take(settings.MaxDocuments ?? int.MaxValue).Select(text => new PerplexityDocument(text, path));
    }

    private static IDataView Open(string path, PerplexitySettings settings, ToolContext context) =>
        TextData.Open(path, settings.Column, settings.Text, settings.Table, context);

    private static Field[] Row(PerplexityFigures figures, bool isJson) =>
    [
        new("data", figures.Group ?? "all"),
        new("documents", figures.DocumentCount),
        new("tokens", figures.TokenCount),
        new("bytes", figures.ByteCount),
        .. Metric("negative log likelihood", "nats per token", figures.NegativeLogLikelihood, isJson),
        .. Metric("perplexity", "per token", figures.Perplexity, isJson),
        .. Metric("bits per byte", "", figures.BitsPerByte, isJson),
    ];

    private static Field[] Metric(string name, string unit, EvaluationMetric metric, bool isJson)
    {
        Field[] numbers =
        [
            new(name, metric.Value, unit, "0.000"),
            new($"{name} standard error", metric.StandardError, unit, "0.000"),
            new($"{name} noise error", metric.NoiseStandardError, unit, "0.000"),
        ];
        return isJson ? numbers : [new Field(name, string.Join(" ± ", numbers.Select(number => number.Text)), unit)];
    }

    // Notes how many documents are scored, and hands the reports on.
    private sealed class CountedProgress(IProgress<ScoringProgress> next, Action<long> count) : IProgress<ScoringProgress>
    {
        public void Report(ScoringProgress value)
        {
            count(value.RowCount);
            next.Report(value);
        }
    }
}
