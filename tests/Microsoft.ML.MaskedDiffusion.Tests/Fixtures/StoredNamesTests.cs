using System.IO.Compression;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;
using Microsoft.ML.MaskedDiffusion.Evaluation.LmEval;
using Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// What is written today is, byte for byte, what was written when the fixtures were: no file depends on what a type, property or member is
/// called.
/// </summary>
[TestClass]
public sealed class StoredNamesTests
{
    private static readonly string Stored = Path.Combine(AppContext.BaseDirectory, "Fixtures", "v1");

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow("trained", typeof(LikelihoodScoringOptions))]
    [DataRow("likelihood", typeof(LikelihoodScoringOptions))]
    [DataRow("choices", typeof(ChoiceScoringOptions))]
    [DataRow("grouped", typeof(GroupedChoiceScoringOptions))]
    [DataRow("infill", typeof(InfillOptions))]
    [DataRow("generation", typeof(TextGenerationOptions))]
    [DataRow("autoregressive", typeof(LikelihoodScoringOptions))]
    [DataRow("chain", typeof(LikelihoodScoringOptions))]
    [DataRow("beside", typeof(LikelihoodScoringOptions))]
    public void ASavedTransformersHeaderIsWrittenAsItWas(string name, Type options)
    {
        string text = File.ReadAllText(Path.Combine(Stored, "headers", name + ".json"));
        CarrierHeader header = CarrierHeader.Parse(text);
        object read = header.Settings.Deserialize(options, SavedOptions.Json)!;
        Assert.AreEqual(text, (header with { Settings = JsonSerializer.SerializeToElement(read, options, SavedOptions.Json) }).ToText());
        // What a loaded transformer saves again; its weights then always go into the zip.
        string zip = Path.Combine(Stored, name + ".zip"), again = _folder.File("again.zip");
        ITransformer loaded = new MLContext(1).MaskedDiffusion().LoadModel(zip, out DataViewSchema schema);
        new MLContext(1).Model.Save(loaded, schema, again);
        CarrierHeader resaved = CarrierHeader.Parse(FixtureReader.HeaderText(again));
        Assert.AreEqual((header.Format, header.Kind, header.Settings.GetRawText()),
            (resaved.Format, resaved.Kind, resaved.Settings.GetRawText()));
        foreach (ITransformer member in loaded as IEnumerable<ITransformer> ?? [loaded])
            (member as IDisposable)?.Dispose();
    }

    [TestMethod]
    [DataRow("diffusion")]
    [DataRow("autoregressive")]
    [DataRow("fine-tuning")]
    [DataRow("packed")]
    public void ATrainingsFingerprintIsWhatItWas(string training)
    {
        // A run of another arithmetic is another one.
        string expected = File.ReadAllText(Path.Combine(Stored, "fingerprints", training + ".json"))
            .Replace(FixtureTrainings.Arithmetic, FixtureTrainings.ArithmeticNow, StringComparison.Ordinal);
        // Ids that only fill up files made blocks of their own then. Such a run is another one now, and the fingerprint has to say so.
        if (training == "packed")
        {
            expected = expected.Replace("24 blocks of 8", "18 blocks of 8", StringComparison.Ordinal)
                .Replace("16 blocks of 8", "13 blocks of 8", StringComparison.Ordinal);
        }
        Assert.AreEqual(expected, FixtureReader.Fingerprint(training, Stored));
    }

    [TestMethod]
    public void ACheckpointsStateIsWrittenAsItWas()
    {
        string checkpoint = Directory.GetDirectories(Path.Combine(Stored, FixtureWriter.Run), "step-*").Single();
        AssertSameText(Path.Combine(checkpoint, CheckpointState.Name), CheckpointState.Read(checkpoint).Write());
    }

    [TestMethod]
    public void ATokenFoldersManifestIsWrittenAsItWas()
    {
        ZipFile.ExtractToDirectory(Path.Combine(Stored, FixtureWriter.Run, FixtureWriter.TokensArchive), _folder.Path);
        string packed = _folder.File(Path.Combine("tokens", "packed"));
        AssertSameText(Path.Combine(packed, TokenManifest.Name), TokenManifest.Read(packed).Write());
    }

    [TestMethod]
    public void PackedTokensAreWrittenAsTheyWere()
    {
        FixtureWriter.WritePacked(new MLContext(1), _folder.Path);
        string[] files = [.. Directory.GetFiles(Path.Combine(Stored, FixtureWriter.Packed)).Select(path => Path.GetFileName(path))
            .Order(StringComparer.Ordinal)];
        // The first builds did not write down how many ids are text; their files are read without it.
        string[] lengths = [".other.tokens.json", ".train.tokens.json"];
        CollectionAssert.AreEqual(lengths.Concat(files).ToArray(),
            Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToArray());
        foreach (string file in files)
            CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(Stored, FixtureWriter.Packed, file)),
                File.ReadAllBytes(_folder.File(file)), file);
    }

    [TestMethod]
    public void LogsAreWrittenAsTheyWere()
    {
        FixtureWriter.WriteLogs(_folder.Path);
        foreach (string path in Directory.GetFiles(Path.Combine(Stored, FixtureWriter.Logs)))
            AssertSameText(path, File.ReadAllBytes(_folder.File(Path.GetFileName(path))));
    }

    /// <summary>A property added to a stored type gets its stored name at once, before anybody renames it.</summary>
    [TestMethod]
    public void EveryStoredPropertyHasAStoredName()
    {
        Type[] stored =
        [
            typeof(LikelihoodScoringOptions), typeof(ChoiceScoringOptions), typeof(GroupedChoiceScoringOptions),
            typeof(InfillOptions), typeof(TextGenerationOptions), typeof(GenerationOptions), typeof(LikelihoodOptions),
            typeof(SamplingOptions), typeof(CarrierHeader), typeof(CheckpointState),
            typeof(TrainingPoint), typeof(ValidationPoint), typeof(TokenManifest), typeof(TokenSplit), typeof(ZeroShotQuestion),
            typeof(ZeroShotAnswer),
            typeof(JsonTaskDefinition), typeof(LmEvalLine), typeof(LmEvalResponse),
            typeof(ZeroShotLog).GetNestedTypes(BindingFlags.NonPublic).Single(type => type.GetProperty("Answer") is not null),
        ];
        string[] unnamed =
        [
            .. from type in stored
               from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
               where property.GetCustomAttribute<JsonIgnoreAttribute>() is not { Condition: JsonIgnoreCondition.Always }
                   && property.GetCustomAttribute<JsonPropertyNameAttribute>() is null
               select $"{type.Name}.{property.Name}",
        ];
        CollectionAssert.AreEqual(Array.Empty<string>(), unnamed, "properties without a JsonPropertyName");
    }

    [TestMethod]
    public void EveryStoredEnumMemberHasAStoredName()
    {
        string[] names =
        [
            Names<ContextOverflow>(), Names<ChoiceNormalization>(), Names<Precision>(), Names<RotaryPrecision>(),
            Names<LossWeighting>(),
            Names<NoiseLevels>(), Names<RowPadding>(), Names<DocumentBoundary>(), Names<AnswerFlag>(), Names<SafetensorsType>(),
            Names<InvalidRows>(), Names<FinishReason>(),
        ];
        CollectionAssert.AreEqual(
            new[]
            {
                "Throw KeepEnd Skip", "None PerCharacter PerByte PerToken", "Float32 BFloat16Mixed",
                    "Float32 BFloat16",
                "InverseNoiseLevel Uniform Dynamic Clipped", "Independent Stratified", "None Longest Full",
                    "Automatic File BlankLine Line JsonLine",
                "none too_long truncated empty no_context", "BOOL U8 I8 I16 I32 I64 F16 BF16 F32 F64", "Throw Skip",
                "Length EndOfText StopString Cancelled InvalidPrompt",
            },
            names);
        foreach (RotaryPrecision value in Enum.GetValues<RotaryPrecision>())
            Assert.AreEqual(value, StoredEnum<RotaryPrecision>.Find(StoredEnum<RotaryPrecision>.NameOf(value)));
        Assert.IsNull(StoredEnum<RotaryPrecision>.Find("float32"));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => StoredEnum<RotaryPrecision>.NameOf((RotaryPrecision)7)).Message, "Float32, BFloat16");
    }

    [TestMethod]
    public void NamedChoicesKeepTheirStoredNames()
    {
        CollectionAssert.AreEqual(
            new[] { "Confidence", "TopProbability", "Margin", "Entropy", "Random", "LeftToRight" }, SamplingOrder.Names.ToArray());
        CollectionAssert.AreEqual(
            new[]
            {
                "EqualShares", "Fixed(x)", "Linear", "Cosine", "TimeLinear(x)", "Ancestral(x)", "Threshold(x)", "Factor(x)",
                "EntropyBound(x)",
            },
            TokensPerStep.Names.ToArray());
        foreach (string name in SamplingOrder.Names)
            Assert.AreEqual(name, SamplingOrder.FromName(name).Name);
        foreach (string name in TokensPerStep.Names.Select(name => name.Replace("(x)", name.StartsWith("Fixed") ? "(4)" : "(0.25)")))
            Assert.AreEqual(name, TokensPerStep.FromName(name).Name);
        foreach (string name in LikelihoodMethod.Names.Append("Sampler(Entropy, Fixed(2), Steps 8, BlockLength 32)"))
            Assert.AreEqual(name, LikelihoodMethod.FromName(name).Name);
    }

    private static string Names<T>()
        where T : struct, Enum => string.Join(' ', Enum.GetValues<T>().Select(StoredEnum<T>.NameOf));

    // JSON that is written with line breaks has those of the system.
    private static void AssertSameText(string path, byte[] written) =>
        Assert.AreEqual(File.ReadAllText(path), System.Text.Encoding.UTF8.GetString(written).Replace("\r\n", "\n"), Path.GetFileName(path));
}
