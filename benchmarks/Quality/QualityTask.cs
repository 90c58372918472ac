using System.Diagnostics;
using DocumentationDemo.Corpus;
using Microsoft.ML.MaskedDiffusion.Diffusion.Generation;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Quality;

/// <summary>A text after its prompt.</summary>
/// <param name="Prompt">The ids of the prompt, with the beginning of the text.</param>
/// <param name="Tokens">The ids after it, the end of the text among them if it has been reached.</param>
/// <param name="HasEnded">Whether the last of them is the end of the text.</param>
internal sealed record ContinuedText(int[] Prompt, int[] Tokens, bool HasEnded)
{
    /// <summary>The ids without the end of the text.</summary>
    public int[] Words => HasEnded ? Tokens[..^1] : Tokens;
}

/// <summary>Beginnings of held-out rows, the rest of the rows, and the models that write and judge.</summary>
internal sealed class QualityTask
{
    private const int WarmUpTexts = 4, BatchTexts = 128;

    private readonly QualityModels _models;
    private readonly RequestScorer _judge;
    private readonly GapVocabulary _vocabulary;
    private readonly bool _isFull;

    /// <param name="models">The models.</param>
    /// <param name="rows">Held-out rows.</param>
    /// <param name="count">The most prompts to take.</param>
    /// <param name="promptTokens">Tokens of a prompt, with the beginning of the text.</param>
    /// <param name="isFull">Whether texts may not end before the context is full; only rows of that length are taken then.</param>
    /// <exception cref="ArgumentException">No row is long enough, or the prompt leaves no room.</exception>
    public QualityTask(QualityModels models, IEnumerable<CorpusRow> rows, int count, int promptTokens, bool isFull)
    {
        TextTokenizer tokenizer = models.Masked.Tokenizer;
        (_models, _isFull) = (models, isFull);
        _judge = RequestScorer.For(models.Autoregressive.Network, new LikelihoodOptions());
        _vocabulary = new GapVocabulary(tokenizer, models.Masked.Config.VocabularySize);
        int context = models.Masked.Config.ContextLength;
        int[] start = DocumentStart.Of(tokenizer), end = tokenizer.EndOfSequenceId is { } id ? [id] : [];
        if (promptTokens <= start.Length || promptTokens >= context)
            throw new ArgumentException($"--prompt-tokens must be {start.Length + 1} to {context - 1}.");
        NewTokens = context - promptTokens;
        int least = isFull ? context : promptTokens + 1;
        // A row has its end behind it, as in training.
        Held =
        [
            .. rows.Select(row => (int[])[.. start, .. tokenizer.Encode(row.Text), .. end])
                .Where(ids => ids.Length - end.Length >= least)
                .Take(count)
                .Select(ids => new ContinuedText(
                    ids[..promptTokens], ids[promptTokens..Math.Min(ids.Length, context)], end.Length > 0 && ids.Length <= context)),
        ];
        if (Held.Length == 0)
            throw new ArgumentException($"No held-out row has {least} tokens: lower --prompt-tokens.");
        Prompts = [.. Held.Select(text => text.Prompt)];
    }

    /// <summary>The held-out rows after their prompts, to the end of the context.</summary>
    public ContinuedText[] Held { get; }

    /// <summary>The prompts.</summary>
    public int[][] Prompts { get; }

    /// <summary>The most tokens that are written after a prompt.</summary>
    public int NewTokens { get; }

    /// <summary>What the held-out rows themselves are like.</summary>
    public QualityFigures OfHeld() => QualityFigures.Of("held-out text", Held, LossesOf(Held)) with { Texts = Held };

    /// <summary>Has a sampler write after all prompts, many together, and judges what it has written.</summary>
    public QualityFigures Measure(QualitySampler sampler)
    {
        MaskedDiffusionModel model = sampler.Family == QualitySampler.Causal ? _models.Autoregressive : _models.Masked;
        var options = new GenerationOptions
        {
            MaxNewTokens = NewTokens, MinNewTokens = _isFull ? NewTokens : 0, Sampling = sampler.Sampling,
        };
        var plan = new GenerationPlan(
            options.Clone(), model.Tokenizer, model.Config.ContextLength, model.Config.MaskTokenId, _vocabulary, Stops: null);
        BenchmarkTexts.Write(model.Session, model.Config, plan, [.. Prompts.Take(WarmUpTexts)]);
        var written = new List<GeneratedText>();
        double speed = 0;
        foreach (int[][] batch in Prompts.Chunk(BatchTexts))
        {
            long start = Stopwatch.GetTimestamp();
            GeneratedText[] batchTexts = BenchmarkTexts.Write(model.Session, model.Config, plan, batch, written.Count);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            written.AddRange(batchTexts);
            // Other work of the machine makes a batch slower, never faster; a last batch of few texts is slower too.
            speed = Math.Max(speed, batchTexts.Sum(text => text.Tokens.Count) / seconds);
        }
        ContinuedText[] texts =
        [
            .. written.Zip(Prompts, (text, prompt) => new ContinuedText(
                prompt, [.. text.Tokens.Select(token => token.Id)], text.FinishReason == FinishReason.EndOfText)),
        ];
        return QualityFigures.Of(sampler.Name, texts, LossesOf(texts)) with
        {
            Family = sampler.Family,
            TokensPerSecond = speed,
            RowsPerText = written.Average(text => text.NetworkRowCount),
            Texts = texts,
        };
    }

    /// <summary>A text as it reads, a bar between the prompt and what follows.</summary>
    public string Show(ContinuedText text)
    {
        TextTokenizer tokenizer = _models.Masked.Tokenizer;
        string prompt = tokenizer.Decode([.. text.Prompt.Skip(DocumentStart.Of(tokenizer).Length)]);
        return $"{prompt}|{tokenizer.DecodeInside(text.Words)}{(text.HasEnded ? "" : " ...")}";
    }

    /// <summary>For each text the negative log-likelihood of its tokens after the prompt under the autoregressive model, in nats.</summary>
    public double[] LossesOf(IEnumerable<ContinuedText> texts) =>
    [
        .. _judge.Score([.. texts.Select(text => new LikelihoodRequest(text.Prompt, text.Tokens))])
            .Select(estimate => -estimate.LogLikelihood),
    ];
}
