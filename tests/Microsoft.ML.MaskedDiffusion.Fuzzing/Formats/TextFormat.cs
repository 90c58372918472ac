using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>Corpora, prompts with answers, and the requests and answers of lm-eval.</summary>
internal sealed class TextFormat : FuzzFormat
{
    private const string Requests = "requests.jsonl", Responses = "responses.jsonl";

    public override string Name => "text";

    public override void Open(string folder)
    {
        foreach (string path in Directory.GetFiles(folder).Order(StringComparer.Ordinal))
        {
            switch (Path.GetFileName(path))
            {
                case "sharegpt.json" or "sharegpt.jsonl":
                    _ = FineTuningReader.ShareGpt.Read(path).Count();
                    break;
                case "gsm8k.jsonl" or "gsm8k.txt":
                    _ = FineTuningReader.Gsm8k.Read(path, new LengthLimit(Formats.Seeds.Model.Tokenizer, 200)).Count();
                    break;
                case "reversal.jsonl":
                    _ = FineTuningReader.Reversal.Read(path).Count();
                    break;
                case Requests:
                    Answer(folder, default);
                    break;
                case "corpus.jsonl" or "corpus.txt":
                    ReadCorpus(path);
                    break;
            }
        }
    }

    protected override IReadOnlyList<FileSet> MakeSeeds()
    {
        const string Turns = """{"id":"x","conversations":[{"from":"human","value":"who?"},{"from":"gpt","value":"I am.\n"}]}""";
        FileSet requests = Formats.Seeds.Of((Requests,
            """
            {"context":"the cat","continuation":" sat"}
            {"context":"","continuation":"a"}
            {"context":"b","continuation":"c"}

            """));
        return
        [
            Formats.Seeds.Of(("sharegpt.json", $"[{Turns},\n{Turns}]")),
            Formats.Seeds.Of(("sharegpt.jsonl", $"{Turns}\n{Turns}\n")),
            Formats.Seeds.Of(("gsm8k.jsonl", "{\"question\":\"1+1?\",\"answer\":\"it is 2 #### 2\"}\n")),
            Formats.Seeds.Of(("gsm8k.txt", "1+1?||it is 2 #### 2\n2+2?||it is 4 #### 4\n")),
            Formats.Seeds.Of(("reversal.jsonl", "{\"prompt\":\"the cat\",\"completion\":\" sat\"}\n")),
            Formats.Seeds.Of(("corpus.jsonl", "{\"text\":\"the cat\",\"id\":1}\n\n{\"text\":\"a bird\"}\n")),
            Formats.Seeds.Of(("corpus.txt", "the cat\n\nsat on\r\nthe mat\n")),
            requests,
            Formats.Seeds.Written(folder =>
            {
                requests.Write(folder);
                using var source = new CancellationTokenSource();
                try
                {
                    Answer(folder, source.Token, new Stopper(source));
                }
                catch (OperationCanceledException)
                {
                    // As it should be.
                }
            }),
        ];
    }

    private static void Answer(string folder, CancellationToken cancellation, IProgress<ScoringProgress>? progress = null)
    {
        var options = new LmEvalOptions
        {
            Likelihood = new LikelihoodOptions { Samples = 4 }, ContextOverflow = ContextOverflow.KeepEnd, RequestsPerBatch = 1,
            Progress = progress,
        };
        new LmEvalRequests(Formats.Seeds.Model, options)
            .Score(Path.Combine(folder, Requests), Path.Combine(folder, Responses), cancellation);
    }

    private static void ReadCorpus(string path)
    {
        IDataView view = Formats.Seeds.Context.MaskedDiffusion().LoadText(path);
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        while (cursor.MoveNext())
        {
        }
    }

    private sealed class Stopper(CancellationTokenSource source) : IProgress<ScoringProgress>
    {
        public void Report(ScoringProgress value) => source.Cancel();
    }
}
