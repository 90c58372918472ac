using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Diffusion;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Transforms;

/// <summary>Texts to likelihoods: the windows of all texts of a batch go to the scorer together.</summary>
internal sealed class LikelihoodComputation : RowComputation<string, LikelihoodResult>
{
    private readonly Func<IReadOnlyList<LikelihoodRequest>, CancellationToken, LikelihoodEstimate[]> _score;
    private readonly int[] _start;

    public LikelihoodComputation(MaskedDiffusionModel model, LikelihoodScoringEstimator.Options options)
    {
        Model = model;
        Options = options.Clone(model.Config);
        _score = model.Config.Autoregressive
            ? new AutoregressiveScorer(model.Network, Options.Likelihood.BatchTokens).Score
            : new LikelihoodScorer(new NetworkEvaluator(model.Network), Options.Likelihood).Score;
        _start = DocumentStart.Of(model.Tokenizer);
        Inputs = [InputColumn.Text("text", Options.TextColumnName)];
        Outputs =
        [
            OutputColumns.Single<LikelihoodResult>(Options.NegativeLogLikelihoodColumnName, row => row.NegativeLogLikelihood),
            OutputColumns.Single<LikelihoodResult>(Options.StandardErrorColumnName, row => row.StandardError),
            OutputColumns.Int32<LikelihoodResult>(Options.TokenCountColumnName, row => row.TokenCount),
        ];
    }

    public MaskedDiffusionModel Model { get; }

    public LikelihoodScoringEstimator.Options Options { get; }

    public override int BatchSize => Options.BatchSize;

    public override CancellationToken CancellationToken => Options.CancellationToken;

    public override IReadOnlyList<InputColumn> Inputs { get; }

    public override IReadOnlyList<OutputColumn<LikelihoodResult>> Outputs { get; }

    public override Func<string> Bind(DataViewRow row) => Inputs[0].BindText(row);

    public override void Report(long rowsComputed, long? rowsInAll) => Options.Progress?.Report(new ScoringProgress(rowsComputed, rowsInAll));

    public override IReadOnlyList<LikelihoodResult> Compute(IReadOnlyList<string> rows, CancellationToken cancellationToken)
    {
        int context = Model.Config.ContextLength, stride = Options.Stride ?? Math.Max(1, context / 2);
        LikelihoodRequest[][] windows = [.. rows.Select(text => TextWindows.Of(_start, Model.Tokenizer.Encode(text), context, stride).ToArray())];
        LikelihoodEstimate[] estimates = _score([.. windows.SelectMany(window => window)], cancellationToken);
        var results = new LikelihoodResult[rows.Count];
        for (int row = 0, next = 0; row < results.Length; row++)
        {
            // Windows draw independently, so their variances add up.
            double likelihood = 0, variance = 0;
            int tokens = 0;
            for (int i = 0; i < windows[row].Length; i++, next++)
            {
                likelihood += estimates[next].LogLikelihood;
                variance += estimates[next].StandardError * estimates[next].StandardError;
                tokens += estimates[next].TokenCount;
            }
            results[row] = new LikelihoodResult((float)-likelihood, (float)Math.Sqrt(variance), tokens);
        }
        return results;
    }
}
