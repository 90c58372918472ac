using System.Text;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Diffusion;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Transforms;

/// <summary>Questions to scores: the options of all rows of a batch go to the scorer together.</summary>
internal sealed class ChoiceComputation : RowComputation<ChoiceRow, ChoiceResult>
{
    private readonly LikelihoodScorer _scorer;
    private readonly int[] _start;

    public ChoiceComputation(MaskedDiffusionModel model, ChoiceScoringEstimator.Options options)
    {
        Model = model;
        Options = options.Clone();
        ChoiceCount = Options.ChoiceCount ?? throw new ArgumentException("Option ChoiceCount is missing.", nameof(options));
        _scorer = new LikelihoodScorer(new NetworkEvaluator(model.Network), Options.Likelihood);
        _start = DocumentStart.Of(model.Tokenizer);
        Inputs = InputsOf(Options);
        Outputs = OutputsOf(Options);
    }

    public MaskedDiffusionModel Model { get; }

    public ChoiceScoringEstimator.Options Options { get; }

    public int ChoiceCount { get; }

    public override int BatchSize => Options.BatchSize;

    public override CancellationToken CancellationToken => Options.CancellationToken;

    public override IReadOnlyList<InputColumn> Inputs { get; }

    public override IReadOnlyList<OutputColumn<ChoiceResult>> Outputs { get; }

    public static InputColumn[] InputsOf(ChoiceScoringEstimator.Options options) =>
        [InputColumn.Text("context", options.ContextColumnName), InputColumn.Texts("choices", options.ChoicesColumnName)];

    public static OutputColumn<ChoiceResult>[] OutputsOf(ChoiceScoringEstimator.Options options)
    {
        int count = options.ChoiceCount!.Value;
        return
        [
            OutputColumns.Vector<ChoiceResult>(options.ScoreColumnName, count, row => row.Score),
            OutputColumns.Vector<ChoiceResult>(options.StandardErrorColumnName, count, row => row.StandardError),
            OutputColumns.Vector<ChoiceResult>(options.ProbabilityColumnName, count, row => row.Probability),
            OutputColumns.Key<ChoiceResult>(options.PredictedLabelColumnName, count, row => row.PredictedLabel),
        ];
    }

    public override Func<ChoiceRow> Bind(DataViewRow row)
    {
        Func<string> context = Inputs[0].BindText(row);
        Func<string[]> choices = Inputs[1].BindTexts(row);
        return () => new ChoiceRow(context(), choices());
    }

    public override void Report(long rowsComputed, long? rowsInAll) => Options.Progress?.Report(new ScoringProgress(rowsComputed, rowsInAll));

    public override IReadOnlyList<ChoiceResult> Compute(IReadOnlyList<ChoiceRow> rows, CancellationToken cancellationToken)
    {
        int[][] places = [.. rows.Select(PlacesOf)];
        LikelihoodRequest[][] questions = [.. rows.Select((row, i) => RequestsOf(row, places[i]))];
        LikelihoodEstimate[][] estimates = _scorer.ScoreQuestions(questions, cancellationToken);
        var results = new ChoiceResult[rows.Count];
        for (int row = 0; row < results.Length; row++)
        {
            var result = new ChoiceResult(ChoiceCount);
            var compared = new (int Place, double Score)[places[row].Length];
            for (int i = 0; i < compared.Length; i++)
            {
                (int place, LikelihoodEstimate estimate) = (places[row][i], estimates[row][i]);
                double unit = UnitsOf(rows[row].Choices[place], estimate.TokenCount), score = estimate.LogLikelihood / unit;
                compared[i] = (place, score);
                result.Score[place] = (float)score;
                result.StandardError[place] = (float)(estimate.StandardError / unit);
            }
            result.Compare(compared);
            results[row] = result;
        }
        return results;
    }

    // The places of the options that are there.
    private int[] PlacesOf(ChoiceRow row)
    {
        int last = Array.FindLastIndex(row.Choices, choice => choice.Length > 0);
        if (last >= ChoiceCount)
        {
            throw new ArgumentOutOfRangeException(nameof(Options.ChoiceCount), last + 1,
                $"A row has {last + 1} options in column '{Options.ChoicesColumnName}', and the score vectors hold {ChoiceCount}: "
                + $"set {nameof(Options.ChoiceCount)} to the most options a row may have. Its context: \"{Start(row.Context)}\".");
        }
        return [.. Enumerable.Range(0, last + 1).Where(place => row.Choices[place].Length > 0)];
    }

    private LikelihoodRequest[] RequestsOf(ChoiceRow row, int[] places)
    {
        string separator = row.Context.Length == 0 ? "" : Options.Separator;
        ContinuationTokens[] pairs = [.. places.Select(place => Model.Tokenizer.EncodeContinuation(row.Context, separator + row.Choices[place]))];
        int[][] contexts = [.. pairs.Select(WithStart)];
        int longest = pairs.Length == 0 ? 0 : pairs.Max(pair => pair.Continuation.Length);
        for (int i = 0; i < pairs.Length; i++)
        {
            int limit = Model.Config.ContextLength, excess = contexts[i].Length + longest - limit;
            if (excess <= 0)
                continue;
            if (Options.ContextOverflow == ContextOverflow.Throw || longest > limit)
                throw TooLong(row, contexts[i].Length, longest);
            contexts[i] = contexts[i][excess..];
        }
        // One key for the question: its options share their random numbers, which sharpens their differences.
        ulong key = ContentKey.Of(row.Context);
        return [.. pairs.Select((pair, i) => new LikelihoodRequest(contexts[i], pair.Continuation) { RandomKey = key })];
    }

    // The tokenizer puts its own beginning of sequence there; what else starts a document is added.
    private int[] WithStart(ContinuationTokens pair) =>
        Model.Tokenizer.BeginningOfSequenceId is null ? [.. _start, .. pair.Context] : pair.Context;

    private double UnitsOf(string choice, int tokens) => Options.Normalization switch
    {
        ChoiceNormalization.PerCharacter => choice.EnumerateRunes().Count(),
        ChoiceNormalization.PerByte => Encoding.UTF8.GetByteCount(choice),
        ChoiceNormalization.PerToken => tokens,
        _ => 1,
    };

    private ArgumentException TooLong(ChoiceRow row, int context, int option)
    {
        string remedy = option > Model.Config.ContextLength
            ? "Shorten the option, or use a model with a longer context."
            : $"Shorten the text, use a model with a longer context, or set {nameof(Options.ContextOverflow)} to {ContextOverflow.KeepEnd} to leave out the context's beginning.";
        return new ArgumentException(
            $"Column '{Options.ContextColumnName}' has {context} tokens and the longest option of '{Options.ChoicesColumnName}' {option} in the row \"{Start(row.Context)}\": "
            + $"{context + option} together, and the model sees at most {Model.Config.ContextLength}. {remedy}");
    }

    private static string Start(string text) => text.Length <= 60 ? text : text[..60] + "...";
}
