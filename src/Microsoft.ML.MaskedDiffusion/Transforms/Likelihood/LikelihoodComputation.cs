using Microsoft.ML.MaskedDiffusion.Corpora.Documents;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Likelihood;

/// <summary>Texts to likelihoods: the windows of all texts of a batch go to the scorer together.</summary>
internal sealed class LikelihoodComputation : RowComputation<ScoredText, LikelihoodResult>
{
    private readonly RequestScorer _scorer;
    private readonly int[] _start;
    private readonly int _stride;

    public LikelihoodComputation(MaskedDiffusionModel model, LikelihoodScoringEstimator.Options options)
    {
        Model = model;
        Options = options.Clone(model.Config);
        _scorer = RequestScorer.For(model.Network, Options.Likelihood);
        _start = DocumentStart.Of(model.Tokenizer);
        _stride = Options.Stride ?? Math.Max(1, model.Config.ContextLength / 2);
        InputColumn text = InputColumn.Text("text", Options.TextColumnName);
        Inputs = Options.ContextColumnName is { } context ? [text, InputColumn.Text("context", context)] : [text];
        List<OutputColumn<LikelihoodResult>> outputs =
        [
            OutputColumns.Single<LikelihoodResult>(Options.NegativeLogLikelihoodColumnName, row => row.NegativeLogLikelihood),
            OutputColumns.Single<LikelihoodResult>(Options.StandardErrorColumnName, row => row.StandardError),
            OutputColumns.Int32<LikelihoodResult>(Options.TokenCountColumnName, row => row.TokenCount),
        ];
        if (Options.PerCharacterColumnName is { } perCharacter)
            outputs.Add(OutputColumns.Single<LikelihoodResult>(perCharacter, row => row.PerCharacter));
        if (Options.PerByteColumnName is { } perByte)
            outputs.Add(OutputColumns.Single<LikelihoodResult>(perByte, row => row.PerByte));
        Outputs = outputs;
    }

    public MaskedDiffusionModel Model { get; }

    public LikelihoodScoringEstimator.Options Options { get; }

    public override int BatchSize => Options.BatchSize;

    public override CancellationToken CancellationToken => Options.CancellationToken;

    public override IReadOnlyList<InputColumn> Inputs { get; }

    public override IReadOnlyList<OutputColumn<LikelihoodResult>> Outputs { get; }

    public override Func<ScoredText> Bind(DataViewRow row)
    {
        Func<string> text = Inputs[0].BindText(row);
        if (Inputs.Count == 1)
            return () => new ScoredText(null, text());
        Func<string> context = Inputs[1].BindText(row);
        return () => new ScoredText(context(), text());
    }

    public override void Report(long rowsComputed, long? rowsInAll) => Options.Progress?.Report(new ScoringProgress(rowsComputed, rowsInAll));

    public override IReadOnlyList<LikelihoodResult> Compute(IReadOnlyList<ScoredText> rows, CancellationToken cancellationToken)
    {
        LikelihoodRequest[][] windows = [.. rows.Select(WindowsOf)];
        LikelihoodEstimate[] estimates = _scorer.Score([.. windows.SelectMany(window => window)], cancellationToken);
        var results = new LikelihoodResult[rows.Count];
        for (int row = 0, next = 0; row < results.Length; next += windows[row++].Length)
            results[row] = Sum(rows[row].Text, estimates.AsSpan(next, windows[row].Length));
        return results;
    }

    // Windows draw independently, so their variances add up.
    private static LikelihoodResult Sum(string text, ReadOnlySpan<LikelihoodEstimate> windows)
    {
        double loss = 0, variance = 0;
        int tokens = 0;
        foreach (LikelihoodEstimate window in windows)
        {
            loss -= window.LogLikelihood;
            variance += window.StandardError * window.StandardError;
            tokens += window.TokenCount;
        }
        // An empty text has no length to divide by, and nothing to divide.
        int characters = Math.Max(1, TextLength.Characters(text)), bytes = Math.Max(1, TextLength.Bytes(text));
        return new LikelihoodResult((float)loss, (float)Math.Sqrt(variance), tokens, (float)(loss / characters), (float)(loss / bytes));
    }

    private LikelihoodRequest[] WindowsOf(ScoredText row)
    {
        int limit = Model.Config.ContextLength;
        if (row.Context is null)
            return [.. TextWindows.Of(_start, Model.Tokenizer.Encode(row.Text), limit, _stride)];
        if (row.Text.Length == 0)
            return [];
        ContinuationTokens tokens = Model.Tokenizer.EncodeContinuation(row.Context, (row.Context.Length == 0 ? "" : Options.Separator) + row.Text);
        int[] context = DocumentStart.Before(Model.Tokenizer, tokens);
        int length = context.Length + tokens.Continuation.Length;
        if (length > limit)
        {
            if (Options.ContextOverflow == ContextOverflow.Throw)
                throw TooLong(row, context.Length, tokens.Continuation.Length);
            // A text that fits is scored whole, with as much of the context's end as there is room for; a longer one in windows.
            int room = tokens.Continuation.Length < limit ? limit - tokens.Continuation.Length : limit - _stride;
            context = context[Math.Max(0, context.Length - room)..];
        }
        return [.. TextWindows.Of(context, tokens.Continuation, limit, _stride)];
    }

    private ArgumentException TooLong(ScoredText row, int context, int text) => new(
        $"Column '{Options.ContextColumnName}' has {context} tokens and column '{Options.TextColumnName}' {text} in the row \"{(row.Context!.Length <= 60 ? row.Context : row.Context[..60] + "...")}\": "
        + $"{context + text} together, and the model sees at most {Model.Config.ContextLength}. Shorten the text, use a model with a longer context, "
        + $"or set {nameof(Options.ContextOverflow)} to {ContextOverflow.KeepEnd} to leave out the context's beginning.");
}
