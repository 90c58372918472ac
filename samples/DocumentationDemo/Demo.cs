using DocumentationDemo.Baselines;
using DocumentationDemo.Corpus;
using DocumentationDemo.Report;
using DocumentationDemo.Steps;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Samples.Shared;

namespace DocumentationDemo;

/// <summary>The whole demo, from reading the text to writing the report.</summary>
internal static class Demo
{
    // 400 rows are enough for a standard error of about 0.02 bits per byte; more would take longer.
    private const int ScoredRows = 400, InfilledRows = 20, ReloadedRows = 5;

    public static async Task<int> RunAsync(DemoOptions options, CancellationToken cancellationToken)
    {
        var ml = new MLContext(options.Seed);

        SampleConsole.Heading("1. Text");
        CorpusSets sets = CorpusSets.Read(ml, options, cancellationToken);
        var (rows, heldOut) = (sets.Rows, sets.HeldOut);
        List<CorpusRow> trainingRows = CorpusSets.RowsOf(ml, sets.Training), validationRows = CorpusSets.RowsOf(ml, sets.Validation);
        int groups = rows.Select(row => row.Group).Distinct().Count();
        Console.WriteLine($"Source: {sets.Source}, {sets.ReadCount:N0} entries.");
        Console.WriteLine(
            $"{rows.Count:N0} rows with different texts in {groups:N0} groups, "
            + $"{rows.Sum(row => row.Text.Length) / 1e6:F1} million characters. "
            + "A group is a type with its members, or a line of your own text.");
        Console.WriteLine(
            $"{trainingRows.Count:N0} rows for training, {validationRows.Count:N0} for validation, "
            + $"{heldOut.Count:N0} held out for the tests below. "
            + "No group is in two of these sets.");
        Console.WriteLine("Three of the held-out rows:");
        foreach (CorpusRow row in heldOut.Take(3))
            Console.WriteLine($"  {row.Text}");

        // Before minutes are spent on a training that could not be tested.
        ChoiceStep.RequireRows(heldOut);

        SampleConsole.Heading($"2. Training for {options.Minutes:0.##} minutes");
        TrainStep training = TrainStep.Run(ml, sets, options, cancellationToken);
        using var lm = training.Transformer;
        MaskedDiffusionModel model = lm.Model;
        // At once, so that nothing that follows can lose it.
        options.Output.Create();
        ml.Model.Save(lm, sets.Training.Schema, options.ModelPath);
        foreach (var (key, value) in training.Settings)
            Console.WriteLine($"  {key}: {value}");
        Console.WriteLine(
            $"Validation loss: {training.Result.ValidationLoss:F3} ± {training.Result.ValidationStandardError:F3} "
            + "nats per token (lower is better), "
            + $"after {training.Result.Steps:N0} steps, {training.Result.Epochs:F1} passes over the training rows.");

        SampleConsole.Heading("3. How well does it predict new text? Bits per byte of held-out rows");
        var unigram = new UnigramModel(model.Tokenizer.VocabularySize, trainingRows.Select(row => model.Tokenizer.Encode(row.Text)));
        var bits = BitsPerByteStep.Run(ml, model, unigram, [.. heldOut.Take(ScoredRows)]);
        Console.WriteLine($"This model:          {bits.Bound:F3} ± {bits.StandardError:F3} (an upper bound; lower is better)");
        Console.WriteLine($"Token frequencies:   {bits.Unigram:F3} (predicts every token by its frequency in the training rows)");
        Console.WriteLine($"Brotli, quality 11:  {bits.Brotli:F3} (compresses the same bytes)");
        Console.WriteLine($"Measured on {bits.Rows} rows, {bits.Bytes:N0} bytes.");

        SampleConsole.Heading("4. Zero-shot multiple choice: which of four summaries belongs to a name?");
        List<CorpusRow> fitting = [.. heldOut.Where(row => model.Tokenizer.Encode(row.Text).Length <= model.Config.ContextLength - 8)];
        var choice = ChoiceStep.Run(ml, model, fitting, options.Questions, options.Seed);
        Console.WriteLine(
            $"{choice.Accuracy:P1} ± {choice.StandardError:P1} of {choice.Questions} questions answered correctly; guessing gives 25 %. "
            + $"The 95 % confidence interval starts at {choice.LowerBound:P1}.");
        Console.WriteLine("The wrong summaries are those of other held-out rows of similar length.");

        SampleConsole.Heading("5. Infilling: a third of the words are replaced by gaps, the model fills them");
        var infill = InfillStep.Run(ml, model, unigram, heldOut, InfilledRows, options.Seed);
        foreach (InfillRow row in infill.Rows.Take(5))
            Console.WriteLine($"  original  {row.Original}\n  masked    {row.Masked}\n  filled    {row.Filled}\n");
        Console.WriteLine(
            $"{infill.Recovered:P1} of {infill.MaskedTokens} masked tokens were filled in exactly as they were; "
            + $"always guessing the most frequent token gives {infill.MostFrequent:P1}.");

        SampleConsole.Heading("6. Writing on: the text forms, step by step");
        WriteStep writing = await WriteStep.RunAsync(model, heldOut, options.TracePath, cancellationToken);
        Console.WriteLine("After the beginnings of three held-out rows, all at once:");
        foreach ((string prompt, GeneratedText text) in writing.Rows)
            Console.WriteLine($"  {prompt}| {text.Text}");
        Console.WriteLine($"The steps of the first are in {options.TracePath}: open it in a browser.");

        SampleConsole.Heading("7. Loading the model that ml.Model.Save has saved, in a second process");
        var reload = ReloadStep.Run(ml, lm, options.ModelPath, [.. fitting.Take(ReloadedRows)]);
        Console.WriteLine(
            $"{options.ModelPath} has {reload.Bytes / 1e6:F1} MB. A second process loaded it and computed the same {reload.Scores} scores, "
            + "bit for bit.");

        new DemoReport(sets.Source, training, bits, choice, infill, writing, reload).Save(options.ReportPath);
        SampleConsole.Heading("8. Report");
        Console.WriteLine(options.ReportPath);
        return 0;
    }
}
