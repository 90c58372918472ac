using DocumentationDemo.Baselines;
using DocumentationDemo.Corpus;
using DocumentationDemo.Report;
using DocumentationDemo.Steps;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Samples.Shared;

namespace DocumentationDemo;

/// <summary>The demo from text to report.</summary>
internal static class Demo
{
    // Scoring takes time too: enough rows for an error of a hundredth of a bit.
    private const int ScoredRows = 400, InfilledRows = 20, ReloadedRows = 5;

    public static int Run(DemoOptions options, CancellationToken cancellationToken)
    {
        var ml = new MLContext(options.Seed);

        SampleConsole.Heading("1. Text");
        var (source, rows, read) = ReadCorpus(options, cancellationToken);
        // Members of one type never stand on both sides.
        var split = ml.Data.TrainTestSplit(
            ml.Data.LoadFromEnumerable(rows), testFraction: 0.1, samplingKeyColumnName: nameof(CorpusRow.Group), seed: options.Seed);
        // Another seed: the same one would put the groups in the same order, and none of those left would fall into the test share.
        var fit = ml.Data.TrainTestSplit(
            split.TrainSet, testFraction: 0.02, samplingKeyColumnName: nameof(CorpusRow.Group), seed: options.Seed + 1);
        List<CorpusRow> trainingRows =
            Rows(ml, fit.TrainSet), validationRows = Rows(ml, fit.TestSet), heldOut = Shuffled(Rows(ml, split.TestSet), options.Seed);
        SampleConsole.Line(
            $"{source}: {read:N0} entries, {rows.Count:N0} distinct rows in {rows.Select(row => row.Group).Distinct().Count():N0} groups "
            + $"(declaring types; lines of plain text), {rows.Sum(row => row.Text.Length) / 1e6:F1} MB");
        SampleConsole.Line(
            $"{trainingRows.Count:N0} rows to train on, {validationRows.Count:N0} to validate, {heldOut.Count:N0} held out (whole groups: "
            + "nothing of a held-out one was trained on)");
        foreach (CorpusRow row in heldOut.Take(3))
            SampleConsole.Line($"  {row.Text}");

        SampleConsole.Heading($"2. Training for {options.Minutes:0.##} minutes");
        TrainStep training = TrainStep.Run(ml, fit.TrainSet, fit.TestSet, options, cancellationToken);
        using var lm = training.Transformer;
        MaskedDiffusionModel model = lm.Model;
        foreach (var (key, value) in training.Settings)
            SampleConsole.Line($"  {key}: {value}");
        SampleConsole.Line(
            $"  validation loss {training.Result.ValidationLoss:F3} ± {training.Result.ValidationStandardError:F3} after "
            + $"{training.Result.Steps} steps, {training.Result.Epochs:F1} epochs");

        SampleConsole.Heading("3. Held-out bits per byte");
        var unigram = new UnigramModel(model.Tokenizer.VocabularySize, trainingRows.Select(row => model.Tokenizer.Encode(row.Text)));
        var bits = BitsPerByteStep.Run(ml, model, unigram, [.. heldOut.Take(ScoredRows)]);
        SampleConsole.Line(
            $"this model {bits.Bound:F3} ± {bits.StandardError:F3} (upper bound), unigram tokens {bits.Unigram:F3}, "
            + $"Brotli-11 {bits.Brotli:F3}; {bits.Rows} rows, {bits.Bytes:N0} bytes");

        SampleConsole.Heading("4. Zero-shot multiple choice");
        List<CorpusRow> fitting = [.. heldOut.Where(row => model.Tokenizer.Encode(row.Text).Length <= model.Config.ContextLength - 8)];
        var choice = ChoiceStep.Run(ml, model, fitting, options.Questions, options.Seed);
        SampleConsole.Line(
            $"{choice.Questions} questions, four answers of similar length each: "
            + $"{choice.Accuracy:P1} ± {choice.StandardError:P1} right (chance 25 %, 95 % interval from {choice.LowerBound:P1})");

        SampleConsole.Heading("5. Infill");
        var infill = InfillStep.Run(ml, model, unigram, heldOut, InfilledRows, options.Seed);
        foreach (InfillRow row in infill.Rows.Take(5))
            SampleConsole.Line($"  original  {row.Original}\n  masked    {row.Masked}\n  filled    {row.Filled}\n");
        SampleConsole.Line(
            $"{infill.Recovered:P1} of {infill.MaskedTokens} masked tokens recovered; "
            + $"the most frequent token everywhere gets {infill.MostFrequent:P1}");

        SampleConsole.Heading("6. Save, load in a second process");
        options.Output.Create();
        var reload = ReloadStep.Run(ml, lm, fit.TrainSet.Schema, options.ModelPath, [.. fitting.Take(ReloadedRows)]);
        SampleConsole.Line(
            $"{options.ModelPath}: {reload.Bytes / 1e6:F1} MB; the second process printed the very same {reload.Scores} scores");

        new DemoReport(source, training, bits, choice, infill, reload).Save(options.ReportPath);
        SampleConsole.Heading("7. Report");
        SampleConsole.Line(options.ReportPath);
        return 0;
    }

    private static (string Source, List<CorpusRow> Rows, int Read) ReadCorpus(DemoOptions options, CancellationToken cancellationToken)
    {
        if (options.Text is { } text)
            return WithSource(text.Name, PlainTextReader.ReadLines(text.FullName));
        if (options.JsonLines is { } lines)
            return WithSource(lines.Name, PlainTextReader.ReadJsonLines(lines.FullName, options.Field));
        return WithSource("the .NET reference documentation", DocumentationReader.Read(DocumentationReader.FindPacks(), cancellationToken));
    }

    private static (string, List<CorpusRow>, int) WithSource(string source, (List<CorpusRow> Rows, int Read) found) =>
        (source, found.Rows, found.Read);

    private static List<CorpusRow> Rows(MLContext ml, IDataView view) =>
        [.. ml.Data.CreateEnumerable<CorpusRow>(view, reuseRowObject: false)];

    private static List<CorpusRow> Shuffled(List<CorpusRow> rows, int seed)
    {
        var random = new Random(seed);
        return [.. rows.OrderBy(_ => random.Next())];
    }
}
