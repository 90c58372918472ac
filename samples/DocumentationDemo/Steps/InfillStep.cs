using DocumentationDemo.Baselines;
using DocumentationDemo.Corpus;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace DocumentationDemo.Steps;

/// <summary>Masks a third of the words of held-out sentences and lets the model fill the gaps.</summary>
/// <param name="Rows">The sentences.</param>
/// <param name="MaskedTokens">Tokens masked in all.</param>
/// <param name="Recovered">Share of them that the model filled in exactly as they were, 0 to 1.</param>
/// <param name="MostFrequent">Share that is right when every gap is filled with the most frequent token, 0 to 1.</param>
internal sealed record InfillStep(IReadOnlyList<InfillRow> Rows, int MaskedTokens, double Recovered, double MostFrequent)
{
    public static InfillStep Run(
        MLContext ml, MaskedDiffusionModel model, UnigramModel unigram, IReadOnlyList<CorpusRow> rows, int count, int seed)
    {
        var random = new Random(seed);
        List<Gapped> gapped =
            [.. rows.Where(row => row.Text.Split(' ').Length is >= 9 and <= 30).Select(row => Gapped.Create(model, row.Text, random))
            .Where(g => g.MostTokens <= model.Config.ContextLength).Take(count)];
        if (gapped.Count == 0)
            throw new InvalidDataException("Infilling needs held-out rows of 9 to 30 words, and there are none. Use another text.");
        IDataView data = ml.Data.LoadFromEnumerable(gapped.Select(g => new InfillRow { Original = g.Original, Masked = g.Masked }));
        IDataView filled = ml.MaskedDiffusion().Infill(model, nameof(InfillRow.Masked), nameof(InfillRow.Filled)).Fit(data).Transform(data);
        List<InfillRow> results = [.. ml.Data.CreateEnumerable<InfillRow>(filled, reuseRowObject: false)];

        // The transform returns text. To count recovered tokens, the Infiller class fills the same gaps and returns tokens.
        int[][] tokens = new Infiller(model, new SamplingOptions()).Fill([.. gapped.Select(g => g.MaskedTokens(model.Config.MaskTokenId))]);
        int masked = gapped.Sum(g => g.Positions.Count);
        int recovered = gapped.Zip(tokens).Sum(pair => pair.First.Positions.Count(p => pair.First.Tokens[p] == pair.Second[p]));
        int guessed = gapped.Sum(g => g.Positions.Count(p => g.Tokens[p] == unigram.MostFrequentToken));
        return new InfillStep(results, masked, (double)recovered / masked, (double)guessed / masked);
    }

    /// <summary>A sentence, its tokens, and which of them are masked.</summary>
    private sealed record Gapped(string Original, string Masked, int[] Tokens, IReadOnlyList<int> Positions)
    {
        // The space before a gap belongs to the text there, where it may be a token of its own.
        public int MostTokens => Tokens.Length + Positions.Count;

        public static Gapped Create(MaskedDiffusionModel model, string text, Random random)
        {
            string[] words = text.Split(' ');
            HashSet<int> chosen = [.. Enumerable.Range(1, words.Length - 1).OrderBy(_ => random.Next()).Take(words.Length / 3)];
            var masked = new List<string>();
            var tokens = new List<int>();
            var positions = new List<int>();
            for (int i = 0; i < words.Length; i++)
            {
                int[] ids = model.Tokenizer.Encode(i == 0 ? words[i] : " " + words[i]);
                if (chosen.Contains(i))
                    positions.AddRange(Enumerable.Range(tokens.Count, ids.Length));
                masked.Add(!chosen.Contains(i) ? words[i] : ids.Length == 1 ? "[MASK]" : $"[MASK*{ids.Length}]");
                tokens.AddRange(ids);
            }
            return new Gapped(text, string.Join(' ', masked), [.. tokens], positions);
        }

        public int[] MaskedTokens(int maskTokenId)
        {
            int[] ids = [.. Tokens];
            foreach (int position in Positions)
                ids[position] = maskTokenId;
            return ids;
        }
    }
}
