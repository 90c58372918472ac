using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Reads fixtures as a user would, and says what is in them.</summary>
internal static class FixtureReader
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>The groups of facts, and how each is read from a folder of fixtures. Reading may write into the folder.</summary>
    public static IReadOnlyDictionary<string, Func<string, FixtureFacts>> Groups
    { get; } = new Dictionary<string, Func<string, FixtureFacts>>
    {
        ["checkpoint"] = Checkpoint, ["logs"] = Logs, ["models"] = Models, ["packed"] = Packed, ["transformers"] = Transformers,
    };

    /// <summary>The fingerprint of a training, as a checkpoint of its first step holds it.</summary>
    public static string Fingerprint(string training, string fixtures)
    {
        using var folder = new TemporaryFolder();
        FixtureTrainings.Start(training, folder.Path, fixtures).Dispose();
        return Fingerprint(Directory.GetDirectories(folder.Path, "step-*").Single());
    }

    /// <summary>The first text of the blob in a saved transformer: its options and more, in JSON.</summary>
    public static string HeaderText(string zip)
    {
        using var location = new CarrierLocation(zip);
        ITransformer loaded = new MLContext(1).Model.Load(zip, out _);
        IEnumerable<ITransformer> members = CarrierReader.IsCarrier(loaded) ? [loaded] : (IEnumerable<ITransformer>)loaded;
        using CarrierContents contents = CarrierReader.Read(members.Single(CarrierReader.IsCarrier), location);
        return contents.Header.ToText();
    }

    private static string Fingerprint(string checkpoint)
    {
        using JsonDocument state = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(checkpoint, "state.json")));
        return JsonSerializer.Serialize(state.RootElement.GetProperty("run"), Indented) + "\n";
    }

    private static FixtureFacts Transformers(string folder)
    {
        var facts = new FixtureFacts();
        IDataView rows = FixtureRow.View(FixtureRow.All);
        foreach (string name in FixtureWriter.Transformers)
        {
            var ml = new MLContext(1);
            string zip = Path.Combine(folder, name + ".zip");
            ITransformer loaded = ml.MaskedDiffusion().LoadModel(zip, out DataViewSchema schema);
            facts.Texts[$"{name}, input"] = string.Join(", ", schema.Select(column => $"{column.Name}: {column.Type}"));
            Describe(facts, name, loaded.Transform(rows), schema);
            IEnumerable<ITransformer> members = loaded as IEnumerable<ITransformer> ?? [loaded];
            foreach (ITransformer member in members)
            {
                if (member is ModelTransformer { Model: { } model })
                    facts.Texts[$"{name}, weights"] = HashOf(model);
                (member as IDisposable)?.Dispose();
            }
            // Options in rows are scored a group at a time, which ML.NET's own loading cannot do. It needs nothing else of this library but
            // its custom mappings.
            if (name == "grouped")
                continue;
            var others = new FixtureFacts();
            using (new CarrierLocation(zip))
                Describe(others, name, ml.Model.Load(zip, out _).Transform(rows), schema);
            foreach ((string fact, string text) in others.Texts)
                Assert.AreEqual(facts.Texts[fact], text, fact);
            foreach ((string fact, string numbers) in others.Numbers)
                Assert.AreEqual(facts.Numbers[fact], numbers, fact);
        }
        return facts;
    }

    private static FixtureFacts Models(string folder)
    {
        var facts = new FixtureFacts();
        foreach (string name in new[] { FixtureWriter.Archive, FixtureWriter.Folder, FixtureWriter.Int8Archive })
        {
            using MaskedDiffusionModel model = MaskedDiffusionModel.Load(Path.Combine(folder, name), "cpu");
            facts.Texts[$"{name}, weights"] = HashOf(model);
            // Saved again, its small files are the same, byte for byte; the manifest holds the hashes of all others.
            string again = Path.Combine(folder, "again " + name + " folder");
            model.Save(again);
            foreach (string file in new[] { "config.json", "manifest.json" })
                facts.Texts[$"{name}, {file}"] = File.ReadAllText(Path.Combine(again, file));
        }
        return facts;
    }

    private static FixtureFacts Checkpoint(string folder)
    {
        var facts = new FixtureFacts();
        string run = Path.Combine(folder, FixtureWriter.Run), checkpoint = Directory.GetDirectories(run, "step-*").Single();
        ZipFile.ExtractToDirectory(Path.Combine(run, FixtureWriter.TokensArchive), run);
        facts.Texts["fingerprint"] = Fingerprint(checkpoint);
        foreach (string file in Directory.GetFiles(checkpoint, "*.safetensors"))
        {
            using SafetensorsReader reader = SafetensorsReader.Open(file);
            facts.Texts[Path.GetFileName(file)] = HashOf(
                reader.Entries.Select(entry => KeyValuePair.Create(entry.Name, reader.ReadSingles(entry.Name))));
        }
        // The files of a run of the first arithmetic are read as ever, but such a run is not continued with another arithmetic.
        if (facts.Texts["fingerprint"].Contains(FixtureTrainings.Arithmetic, StringComparison.Ordinal))
            StoredState.Rewrite(checkpoint, FixtureTrainings.Arithmetic, FixtureTrainings.ArithmeticNow);
        var ml = new MLContext(1);
        var progress = new Collected<TrainingProgress>();
        TrainerOptions options = FixtureTrainings.Diffusion(run);
        options.Progress = progress;
        var data = new CountingView(FixtureRow.View(FixtureRow.Training));
        using LikelihoodScoringTransformer resumed = new MaskedDiffusionTrainer(ml, options).Fit(data);
        TrainingResult result = resumed.TrainingResult!;
        long step = long.Parse(Path.GetFileName(checkpoint)["step-".Length..]);
        facts.Texts["first step"] = $"{progress.Reports.First(report => report.Phase == TrainingPhase.Training).Step}";
        facts.Texts["cursors opened over the data"] = $"{data.Opened}";
        facts.Texts["steps"] = $"{result.Steps}";
        facts.Texts["documents and tokens"] = $"{result.Documents}, {result.CorpusTokens}";
        // What the checkpoint holds of the past is stored, not computed again.
        facts.Texts["losses before"] = JsonSerializer.Serialize(
            result.LossHistory.Where(point => point.Step <= step).Select(point => new[] { point.Step, point.Loss }));
        facts.Texts["validations before"] = JsonSerializer.Serialize(
            result.ValidationHistory.Where(point => point.Step <= step).Select(point => new[] { point.Step, point.Loss }));
        return facts;
    }

    private static FixtureFacts Packed(string folder)
    {
        var facts = new FixtureFacts();
        foreach (string prefix in new[] { "train", "other" })
        {
            PackedCorpusOptions options = new()
            {
                Sources = [new PackedSource(Path.Combine(folder, FixtureWriter.Packed), prefix)],
                BlockLength = 16
            };
            using var blocks = new PackedCorpusBlocks(options, blockLength: 16, rowLength: 16, FixtureWriter.Bytes.Known!.VocabularySize);
            var ids = new long[16];
            var text = new StringBuilder();
            for (int i = 0; i < blocks.Count; i++)
            {
                blocks.Read(i, ids);
                text.Append(string.Join(' ', ids)).Append('\n');
            }
            facts.Texts[$"{prefix}, ids"] = text.ToString();
            facts.Texts[$"{prefix}, identity"] = blocks.Identity;
        }
        return facts;
    }

    private static FixtureFacts Logs(string folder)
    {
        var facts = new FixtureFacts();
        string logs = Path.Combine(folder, FixtureWriter.Logs), responses = Path.Combine(logs, FixtureWriter.Responses);
        FakeScorer unused = FixtureWriter.Scorer();
        foreach ((string task, IReadOnlyList<ZeroShotQuestion> questions) in new[]
            { ("piqa", FixtureWriter.Questions), ("lambada_standard", FixtureWriter.GreedyQuestions) })
        {
            string file = Path.Combine(logs, task + ".jsonl");
            facts.Texts[task] = File.ReadAllText(file);
            ZeroShotResult result = new ZeroShotEvaluator(unused, FixtureWriter.ZeroShot(logs))
                .Evaluate(ZeroShotTask.FromName(task), questions);
            Assert.AreEqual(questions.Count, result.ResumedCount);
            Assert.IsEmpty(unused.Requests, "the model is not asked again");
            facts.Add(task, [result.Accuracy.Value, result.TruncatedCount, result.TooLongCount, result.NetworkRows]);
            // As it would be written today.
            File.Delete(file);
            new ZeroShotEvaluator(FixtureWriter.Scorer(), FixtureWriter.ZeroShot(logs)).Evaluate(ZeroShotTask.FromName(task), questions);
            Assert.AreEqual(facts.Texts[task], File.ReadAllText(file));
        }
        facts.Texts["answers, unfinished"] = File.ReadAllText(responses + ".partial");
        FakeScorer rest = FixtureWriter.Scorer();
        LmEvalSummary summary = new LmEvalRequests(rest, FixtureWriter.LmEval).Score(Path.Combine(logs, FixtureWriter.Requests), responses);
        Assert.HasCount(2, rest.Requests, "the requests that the stopped run answered are not asked again");
        facts.Texts["answers"] = File.ReadAllText(responses);
        facts.Add("answers", [summary.RequestCount, summary.ResumedCount, summary.FlaggedCount, summary.TruncatedCount]);
        JsonTaskDefinition definition = JsonTaskDefinition.Read(Path.Combine(logs, FixtureWriter.Task));
        facts.Texts["task"] = string.Join(" | ", definition.Name, definition.Context, definition.ChoicesField, definition.GoldField,
            definition.FirstIndex, definition.Separator, definition.Greedy);
        return facts;
    }

    private static string HashOf(MaskedDiffusionModel model) =>
        HashOf(model.Network.Parameters.Select(item =>
        {
            using torch.Tensor rows = model.Network.Rows(item.Key, 0, item.Value.size(0));
            return KeyValuePair.Create(item.Key, TensorMemory.FloatSpan(rows).ToArray());
        }));

    /// <summary>SHA-256 of the tensors' names and bytes, by name.</summary>
    private static string HashOf(IEnumerable<KeyValuePair<string, float[]>> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, float[] values) in tensors.OrderBy(tensor => tensor.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData(MemoryMarshal.AsBytes<float>(values));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>All values of the columns that are not the input's.</summary>
    private static void Describe(FixtureFacts facts, string name, IDataView view, DataViewSchema input)
    {
        foreach (DataViewSchema.Column column in view.Schema.Where(
            column => !column.IsHidden && input.GetColumnOrNull(column.Name) is null))
        {
            string fact = $"{name}, {column.Name}: {column.Type}";
            if (column.Type is TextDataViewType)
                facts.Texts[fact] = string.Join(" | ", view.GetColumn<ReadOnlyMemory<char>>(column));
            else
                facts.Add(fact, Values(view, column));
        }
    }

    private static double[] Values(IDataView view, DataViewSchema.Column column) => column.Type switch
    {
        VectorDataViewType => [.. view.GetColumn<VBuffer<float>>(column).SelectMany(vector => vector.DenseValues())
            .Select(value => (double)value)],
        KeyDataViewType => [.. view.GetColumn<uint>(column).Select(value => (double)value)],
        BooleanDataViewType => [.. view.GetColumn<bool>(column).Select(value => value ? 1.0 : 0.0)],
        _ when column.Type.RawType == typeof(int) => [.. view.GetColumn<int>(column).Select(value => (double)value)],
        _ => [.. view.GetColumn<float>(column).Select(value => (double)value)],
    };
}
