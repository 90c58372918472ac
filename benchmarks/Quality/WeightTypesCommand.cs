using System.CommandLine;
using System.Globalization;
using DocumentationDemo;
using DocumentationDemo.Corpus;
using DocumentationDemo.Steps;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Families;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Quality;

/// <summary>
/// What it costs to hold weights in fewer bits: bits per byte of held-out text by the demo's model, and the logits of published networks.
/// All types of a model are measured on the same text with the same draws, so that differences are those of the weights alone.
/// </summary>
internal static class WeightTypesCommand
{
    private static readonly WeightType[] Types = [WeightType.Float32, WeightType.BFloat16, WeightType.Int8];

    public static Subcommand Command()
    {
        var text = new Option<FileInfo>("--text") { Description = "a text file, one document a line, to train the demo's model on" };
        text.AcceptExistingOnly();
        var paragraphs = new Option<bool>("--paragraphs")
        {
            Description = "the documents of --text are its paragraphs, which empty lines part",
        };
        var steps = new Option<long>("--steps") { Description = "steps of the training", DefaultValueFactory = _ => 600 };
        var documents = new Option<int>("--documents") { Description = "held-out documents to measure on", DefaultValueFactory = _ => 400 };
        var seed = new Option<int>("--seed") { Description = "seed of the split and the training", DefaultValueFactory = _ => 1 };
        var published = new Option<DirectoryInfo[]>("--published")
        {
            Description = "folders of published models with their configuration and weights; a tokenizer is not needed",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<bool> markdown = ResultTable.MarkdownOption();
        var command = new Subcommand("weight-types", "what it costs to hold weights in bfloat16 or in 8 bits")
        {
            text, paragraphs, steps, documents, seed, published, markdown,
        };
        command.SetAction((result, cancellation) => Task.Run(() =>
        {
            if (result.GetValue(text) is { } file)
            {
                var demo = new DemoOptions
                {
                    Text = file, Paragraphs = result.GetValue(paragraphs), Seed = result.GetValue(seed),
                };
                MeasureTrained(
                    demo, result.GetValue(steps), result.GetValue(documents), result.GetValue(markdown), cancellation);
            }
            if (result.GetValue(published) is { Length: > 0 } folders)
                MeasurePublished(folders, result.GetValue(markdown));
        }, CancellationToken.None));
        return command;
    }

    private static void MeasureTrained(DemoOptions demo, long steps, int documents, bool markdown, CancellationToken cancellation)
    {
        var ml = new MLContext(demo.Seed);
        CorpusSets sets = CorpusSets.Read(ml, demo, cancellation);
        TrainerOptions options = TrainStep.OptionsOf(demo, sets.Bytes, sets.Validation, cancellation, cores: 2);
        (options.MaxSteps, options.Budget, options.Device) = (steps, new BudgetOptions(), "cpu");
        using LikelihoodScoringTransformer trained = ml.MaskedDiffusion().Trainer(options).Fit(sets.Training);
        MaskedDiffusionModel exact = trained.Model;
        PerplexityDocument[] heldOut = [.. sets.HeldOut.Take(documents).Select(row => new PerplexityDocument(row.Text))];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{sets.Source}: {steps} steps, {exact.Config.ParameterCount:N0} parameters, {heldOut.Length} held-out documents"));
        int[][] rows =
        [
            .. heldOut.Select(document => exact.Tokenizer.Encode(document.Text).Take(exact.Config.ContextLength).ToArray())
                .Where(row => row.Length > 2),
        ];
        var table = new ResultTable(markdown, "weights", "MiB", "bits per byte", "difference", "logits off by", "greedy tokens the same");
        double reference = 0;
        foreach (WeightType type in Types)
        {
            using MaskedDiffusionModel model = exact.Clone("cpu", type);
            Row(type.ToString(), model, exact.Config.WeightBytes(type));
        }
        // One part of the network in 32 bits beside 8-bit ones: the same bits as if it were held so.
        using var rounded = new TransformerNetwork(exact.Config, torch.CPU, torch.ScalarType.Int8);
        rounded.CopyFrom(exact.Network);
        foreach ((string part, Func<string, bool> isKept) in Parts(exact.Config))
        {
            using MaskedDiffusionModel model = exact.Clone("cpu");
            long bytes = exact.Config.WeightBytes(WeightType.Int8);
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.Network.Parameters)
            {
                if (!isKept(name))
                    model.Network.SetRows(name, 0, rounded.Rows(name, 0, parameter.size(0)));
                else if (rounded.Scales.ContainsKey(name))
                    bytes += 3 * parameter.NumberOfElements - sizeof(float) * parameter.size(0);
            }
            Row($"Int8, {part} Float32", model, bytes);
        }

        void Row(string name, MaskedDiffusionModel model, long bytes)
        {
            double bits = new PerplexityEvaluator(model).Evaluate(heldOut, cancellation).All.BitsPerByte.Value;
            reference = reference == 0 ? bits : reference;
            LogitComparison logits = LogitComparison.Of(exact.Network, model.Network, rows);
            table.Add(name, ResultTable.Number(bytes / (double)(1 << 20), "0.00"), ResultTable.Number(bits, "0.00000"),
                ResultTable.Number(bits - reference, "+0.00000;-0.00000;0"), ResultTable.Number(100 * logits.Deviation, "0.00") + " %",
                $"{ResultTable.Number(100 * logits.SameTokens, "0.0")} % of {logits.Places}");
        }
    }

    private static IEnumerable<(string Name, Func<string, bool> IsKept)> Parts(TransformerConfig config)
    {
        yield return (config.TiesEmbeddings ? "embedding and output" : "embedding", name => name == TransformerNetwork.EmbeddingName);
        if (!config.TiesEmbeddings)
            yield return ("output layer", name => name == TransformerNetwork.HeadName);
        yield return ("blocks", name => name.StartsWith("transformer.h.", StringComparison.Ordinal));
    }

    private static void MeasurePublished(DirectoryInfo[] folders, bool markdown)
    {
        var table = new ResultTable(markdown, "model", "weights", "logits off by", "greedy tokens the same");
        foreach (DirectoryInfo folder in folders)
        {
            using TransformerNetwork exact = Load(folder.FullName, WeightType.Float32);
            TransformerConfig config = exact.Config;
            int length = Math.Min(48, config.ContextLength);
            int[][] rows = [.. Enumerable.Range(0, 32).Select(row =>
                Enumerable.Range(0, length).Select(place => (row * 104_729 + place * 7919) % config.TextVocabularySize).ToArray())];
            foreach (WeightType type in Types[1..])
            {
                using TransformerNetwork network = Load(folder.FullName, type);
                LogitComparison logits = LogitComparison.Of(exact, network, rows);
                table.Add(folder.Name, type.ToString(), ResultTable.Number(100 * logits.Deviation, "0.00") + " %",
                    $"{ResultTable.Number(100 * logits.SameTokens, "0.0")} % of {logits.Places}");
            }
        }
    }

    private static TransformerNetwork Load(string path, WeightType type)
    {
        HubFolder folder = HubFolder.Open(path);
        TransformerConfig config = folder.Config;
        // Which token is the mask is often said by the tokenizer alone.
        if (!config.Autoregressive && config.MaskTokenId >= config.VocabularySize)
            config = config with { MaskTokenId = config.VocabularySize - 1 };
        string index = Path.Combine(path, "model.safetensors.index.json");
        var layout = new WeightLayout(folder.Family.Tensors(config), folder.Family.IsPassedOver);
        return WeightFiles.Load(File.Exists(index) ? index : Path.Combine(path, "model.safetensors"), layout, type,
            numbers => new TransformerNetwork(config, torch.CPU, numbers));
    }
}
