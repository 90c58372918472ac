using System.Text;
using DocumentationDemo.Baselines;
using DocumentationDemo.Corpus;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion;

namespace DocumentationDemo.Steps;

/// <summary>How well the model predicts held-out text, compared with two baselines on the same bytes.</summary>
/// <param name="Rows">Held-out rows scored.</param>
/// <param name="Bytes">Their bytes in UTF-8.</param>
/// <param name="Bound">Bits per byte of the model: an upper bound, because the model's likelihood is a lower bound.</param>
/// <param name="StandardError">Standard error of <paramref name="Bound"/>, over rows and noise.</param>
/// <param name="Unigram">Bits per byte of the unigram token model.</param>
/// <param name="Brotli">Bits per byte of Brotli at its highest quality.</param>
internal sealed record BitsPerByteStep(int Rows, long Bytes, double Bound, double StandardError, double Unigram, double Brotli)
{
    public static BitsPerByteStep Run(MLContext ml, MaskedDiffusionModel model, UnigramModel unigram, IReadOnlyList<CorpusRow> rows)
    {
        IDataView data = ml.Data.LoadFromEnumerable(rows);
        IDataView scored = ml.MaskedDiffusion().ScoreLikelihood(model, nameof(CorpusRow.Text)).Fit(data).Transform(data);
        double[] nats = [.. scored.GetColumn<float>("NegativeLogLikelihood").Select(value => (double)value)];
        double[] bytes = [.. rows.Select(row => (double)Encoding.UTF8.GetByteCount(row.Text))];
        double ratio = nats.Sum() / bytes.Sum();
        // The standard error of a ratio of two sums over independent rows. It includes the noise of the likelihood estimates.
        double residuals = nats.Zip(bytes, (n, b) => (n - ratio * b) * (n - ratio * b)).Sum();
        double error = Math.Sqrt(residuals * rows.Count / (rows.Count - 1)) / bytes.Sum();
        double unigramNats = rows.Sum(row => unigram.NegativeLogLikelihood(model.Tokenizer.Encode(row.Text)));
        return new BitsPerByteStep(
            rows.Count, (long)bytes.Sum(), ratio / Math.Log(2), error / Math.Log(2), unigramNats / bytes.Sum() / Math.Log(2),
            BrotliSize.BitsPerByte(rows.Select(row => row.Text)));
    }
}
