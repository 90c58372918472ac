using System.Reflection;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Every property of every options class with values it must refuse. A property that is new and stands in no list here fails a test.
/// </summary>
[TestClass]
public sealed partial class OptionsTests
{
    public static IEnumerable<object[]> SubjectNames => Subjects.Select((subject, i) => new object[] { i, subject.ToString()! });

    [ClassCleanup]
    public static void Free()
    {
        Model.Dispose();
        Causal.Dispose();
        Folder.Dispose();
    }

    [TestMethod]
    [DynamicData(nameof(SubjectNames))]
    public void EachBadValueIsRefusedWithOptionValueAndRemedy(int subject, string name)
    {
        Assert.AreEqual(name, Subjects[subject].ToString());
        foreach ((string option, object? value, Exception? error) in Subjects[subject].Spoiled())
        {
            string what = $"{name}.{option} = {value ?? "null"}";
            Assert.IsInstanceOfType<ArgumentException>(error, what);
            // Of two columns of one name either may be the one that is told.
            string message = error.Message;
            StringAssert.Contains(message, option, what);
            Assert.IsTrue(message.Contains("must be", StringComparison.Ordinal)
                || message.Contains("name of its own", StringComparison.Ordinal), $"{what} does not say what is right: {message}");
            string shown = value is null ? "null" : Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!;
            if (value is not (TransformerConfig or LoraOptions or PackedSource[] or string?[]))
                StringAssert.Contains(message, shown, what);
        }
    }

    [TestMethod]
    [DynamicData(nameof(SubjectNames))]
    public void NoPropertyIsForgotten(int subject, string name) =>
        CollectionAssert.AreEquivalent(Subjects[subject].Properties, Subjects[subject].Listed,
            $"{name}: list each property with values it refuses, or as one that takes anything");

    [TestMethod]
    public void OptionsThatContradictEachOtherAreRefused()
    {
        static string Refused(Action<TrainerOptions> change)
        {
            var options = new TrainerOptions();
            change(options);
            return Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MaskedDiffusionTrainer(new MLContext(1), options)).Message;
        }
        StringAssert.Contains(Refused(o => (o.Optimizer.WarmupSteps, o.MaxSteps) = (11, 10)),
            "Optimizer.WarmupSteps is 11; it must be at most MaxSteps 10");
        StringAssert.Contains(Refused(o => o.Validation.EarlyStoppingPatience = 3), "a ValidationSet");
        var adaptive = new LikelihoodOptions { TargetStandardError = 1, Samples = 128, MaxSamples = 100 };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new LikelihoodScoringEstimator(Model, new() { Likelihood = adaptive })).Message,
            "MaxSamples is 100; it must be 128 to 16777216");
    }

    private static void Train(TrainerOptions options) => _ = new MaskedDiffusionTrainer(new MLContext(1), options);

    private static string BatchInput()
    {
        string path = Folder.File("in.csv");
        if (!File.Exists(path))
            File.WriteAllText(path, "Text\na\n");
        return path;
    }

    private static void ScoreFile(BatchScoringOptions options)
    {
        string path = options.OutputPath!;
        new MLContext(1).MaskedDiffusion().ScoreFile(Scoring, options);
        File.Delete(path);
    }

    private static string WriteTable()
    {
        File.WriteAllText(Folder.File("table.csv"), "a,b\n1,2\n");
        return Folder.File("table.csv");
    }

    private static PackedSource[] WritePacked()
    {
        using var writer = new PackedFileWriter(Folder.Path, "train", chunkSize: 4, vocabularySize: 10, filler: 0);
        writer.Append([1, 2, 3, 4]);
        return [new PackedSource(Folder.Path)];
    }

    private static TransformerConfig Network(Func<TransformerConfig, TransformerConfig> change) => change(new TrainerOptions().Network);

    private abstract class Subject
    {
        public abstract string[] Properties { get; }

        public abstract string[] Listed { get; }

        public abstract IEnumerable<(string Option, object? Value, Exception? Error)> Spoiled();
    }

    private sealed class Subject<T>(T good, Action<T> use, Dictionary<string, object?[]> bad, string[] anything) : Subject
        where T : class
    {
        private static readonly MethodInfo Copy = typeof(object)
            .GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!;

        public override string[] Properties => [.. typeof(T).GetProperties()
            .Where(property => property.CanWrite && !property.GetMethod!.IsStatic).Select(property => property.Name)];

        public override string[] Listed => [.. bad.Keys, .. anything];

        public override IEnumerable<(string Option, object? Value, Exception? Error)> Spoiled()
        {
            // What is spoiled must be whole before.
            use(good);
            foreach ((string option, object?[] values) in bad)
            {
                foreach (object? value in values)
                {
                    var options = (T)Copy.Invoke(good, null)!;
                    typeof(T).GetProperty(option)!.SetValue(options, value);
                    yield return (option, value, Try(options));
                }
            }
        }

        public override string ToString() => typeof(T).FullName!["Microsoft.ML.MaskedDiffusion.".Length..];

        private Exception? Try(T options)
        {
            try
            {
                use(options);
                return null;
            }
            catch (Exception error)
            {
                return error;
            }
        }
    }
}
