using Microsoft.ML.MaskedDiffusion.Corpora.Documents;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Infilling;

/// <summary>Texts with gaps to texts without: the gaps of all rows of a batch are filled together.</summary>
internal sealed class InfillComputation : RowComputation<string, string>
{
    private readonly Infiller _infiller;
    private readonly MaskedTextEncoding _encoding;
    private readonly int[] _start;

    public InfillComputation(MaskedDiffusionModel model, InfillEstimator.Options options)
    {
        Model = model;
        Options = options.Clone();
        _infiller = new Infiller(new NetworkEvaluator(model.Network), Options.Sampling);
        _encoding = new MaskedTextEncoding(model.Tokenizer, model.Config.MaskTokenId);
        _start = DocumentStart.Of(model.Tokenizer);
        Inputs = [InputColumn.Text("input", Options.InputColumnName)];
        Outputs = [OutputColumns.Text<string>(Options.OutputColumnName, text => text)];
    }

    public MaskedDiffusionModel Model { get; }

    public InfillEstimator.Options Options { get; }

    public override int BatchSize => Options.BatchSize;

    public override CancellationToken CancellationToken => Options.CancellationToken;

    public override IReadOnlyList<InputColumn> Inputs { get; }

    public override IReadOnlyList<OutputColumn<string>> Outputs { get; }

    public override Func<string> Bind(DataViewRow row) => Inputs[0].BindText(row);

    public override void Report(long rowsComputed, long? rowsInAll) => Options.Progress?.Report(new ScoringProgress(rowsComputed, rowsInAll));

    public override IReadOnlyList<string> Compute(IReadOnlyList<string> rows, CancellationToken cancellationToken)
    {
        int[][] masked = [.. rows.Select(Encode)];
        int[] gapped = [.. Enumerable.Range(0, masked.Length).Where(row => masked[row].Contains(Model.Config.MaskTokenId))];
        int[][] filled = _infiller.Fill([.. gapped.Select(row => masked[row])], cancellationToken);
        // Without gaps there is only plain text, less the backslashes that kept it so.
        string[] results = [.. rows.Select(text => string.Concat(MaskForm.Parse(text).Select(segment => segment.Text)))];
        for (int i = 0; i < gapped.Length; i++)
            results[gapped[i]] = Model.Tokenizer.Decode(filled[i][_start.Length..]);
        return results;
    }

    private int[] Encode(string text)
    {
        int[] ids = [.. _start, .. _encoding.Encode(text)];
        if (ids.Length <= Model.Config.ContextLength)
            return ids;
        string start = text.Length <= 60 ? text : text[..60] + "...";
        throw new ArgumentException(
            $"A text of column '{Options.InputColumnName}' has {ids.Length} tokens, gaps included, and the model sees at most {Model.Config.ContextLength}: "
            + $"\"{start}\". Shorten it, or use a model with a longer context.");
    }
}
