using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mdm;
using Mdm.Commands;
using Mdm.Output;
using Mdm.Settings;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Settings files, and what the command line says of settings that there are not.</summary>
[TestClass]
public sealed class CommandLineSettingsTests
{
    private static readonly ToolFiles Files = new();

    public static IEnumerable<object[]> Commands =>
        new[]
        {
            "train", "finetune", "score", "choose", "infill", "generate", "perplexity", "eval", "search", "batch", "inspect", "convert",
        }.Select(name => new object[] { name });

    [ClassCleanup]
    public static void Delete() => Files.Dispose();

    [TestMethod]
    [DynamicData(nameof(Commands))]
    public void PrintedSettingsGiveTheSameBytesAgain(string command)
    {
        using var folder = new TemporaryFolder();
        string config = folder.File("run.json"), printed = ToolRun.Done(command, "--print-config").Output;
        File.WriteAllText(config, printed);
        Assert.AreEqual(printed, ToolRun.Done(command, "--config", config, "--print-config").Output);
    }

    [TestMethod]
    [DynamicData(nameof(Commands))]
    public void TheHelpEndsWithExamplesThatParse(string command)
    {
        string[] lines = ToolRun.Done(command, "--help").Lines;
        string[] examples = [.. lines.SkipWhile(line => line != "Examples:").Skip(1).TakeWhile(line => line != "Exit codes:")];
        Assert.IsTrue(examples.Length is 2 or 3, string.Join('\n', lines));
        StringAssert.Contains(lines[^1], "130 interrupted");
        foreach (string example in examples)
        {
            string line = example.Split("  #")[0].Split('>')[0].Split("&&")[0].Trim();
            StringAssert.StartsWith(line, $"mdm {command} ");
            string[] arguments = [.. System.CommandLine.Parsing.CommandLineParser.SplitCommandLine(line).Skip(1)];
            string[] run = arguments.Contains("--print-config") ? arguments : [.. arguments, "--print-config"];
            StringAssert.StartsWith(ToolRun.Done(run).Output, "{");
        }
    }

    [TestMethod]
    public void ThePresetsAreThoseOfTheLibrary()
    {
        PropertyInfo[] presets = typeof(SamplingPresets).GetProperties();
        CollectionAssert.AreEquivalent(presets.Select(preset => preset.Name).ToArray(), Enum.GetNames<SamplerPreset>());
        foreach (PropertyInfo preset in presets)
        {
            SamplingOptions ours = Enum.Parse<SamplerPreset>(preset.Name).Options();
            Assert.AreEqual(SettingsTree.Print((SamplingOptions)preset.GetValue(null)!), SettingsTree.Print(ours));
        }
    }

    [TestMethod]
    public void TheLearningRateFallsAsTheNetworkGrows()
    {
        // The recipe has 4.5e-3 at a width of 128.
        double expected = 4.5e-3 * 128 / TransformerConfig.FromPreset("19M").EmbeddingSize;
        string[] network = ["--network", "19M"];
        Assert.AreEqual(expected, (double)Printed(["train", .. network])["Trainer"]!["LearningRate"]!, 1e-9);
        Assert.AreEqual(0.5, (double)Printed(["train", .. network, "--learning-rate", "0.5"])["Trainer"]!["LearningRate"]!);
        JsonNode search = Printed(["search", .. network]);
        Assert.AreEqual(expected, (double)search["Search"]!["Trainer"]!["LearningRate"]!, 1e-9);
        JsonNode rates = search["Space"]!.AsArray().Single(dimension => (string)dimension!["Option"]! == "LearningRate")!;
        Assert.AreEqual(expected / 10, (double)rates["Minimum"]!, 0.005 * expected / 10, "three digits are written");
        Assert.AreEqual(2 * expected, (double)rates["Maximum"]!, 0.005 * expected);
    }

    [TestMethod]
    public void APartOfTheNetworkMayBeSetBesideAPreset()
    {
        TransformerConfig preset = TransformerConfig.FromPreset("19M");
        using var folder = new TemporaryFolder();
        string config = folder.File("run.json");
        File.WriteAllText(config, "{\"Trainer\":{\"Network\":\"19M\"}}");
        foreach (string[] named in new string[][] { ["--network", "19M"], ["--config", config] })
        {
            JsonNode trainer = Printed(["train", .. named, "--set", "Trainer.Network.ContextLength=256"])["Trainer"]!;
            JsonNode network = trainer["Network"]!;
            Assert.AreEqual((256, preset.EmbeddingSize), ((int)network["ContextLength"]!, (int)network["EmbeddingSize"]!));
            Assert.AreEqual(4.5e-3 * 128 / preset.EmbeddingSize, (double)trainer["LearningRate"]!, 1e-9);
        }
        JsonNode search = Printed("search", "--network", "19M", "--set", "Search.Trainer.Network.ContextLength=256");
        Assert.AreEqual(preset.EmbeddingSize, (int)search["Search"]!["Trainer"]!["Network"]!["EmbeddingSize"]!);
    }

    [TestMethod]
    public void APartOfTheNetworkLeavesTheLearningRate()
    {
        foreach (string set in new[] { "ContextLength=32", "TiesEmbeddings=false", "LayerCount=4", "EmbeddingSize=64" })
        {
            JsonNode trainer = Printed("train", "--set", "Trainer.Network." + set)["Trainer"]!;
            Assert.AreEqual(4.5e-3, (double)trainer["LearningRate"]!, 1e-9, set);
            JsonNode search = Printed("search", "--set", "Search.Trainer.Network." + set)["Search"]!["Trainer"]!;
            Assert.AreEqual(4.5e-3, (double)search["LearningRate"]!, 1e-9, set);
        }
        JsonNode wider = Printed("train", "--set", "Trainer.Network.EmbeddingSize=256")["Trainer"]!;
        Assert.AreEqual(4.5e-3 / 2, (double)wider["LearningRate"]!, 1e-9);
    }

    [TestMethod]
    public void TheVocabularyIsForTheFilesThatAreRead()
    {
        using var folder = new TemporaryFolder();
        string corpus = Directory.CreateDirectory(folder.File("corpus")).FullName;
        string inner = Directory.CreateDirectory(Path.Combine(corpus, "inner")).FullName;
        File.WriteAllText(Path.Combine(corpus, "a.md"), new string('a', 600_000));
        File.WriteAllText(Path.Combine(inner, "b.md"), new string('b', 600_000));
        int Vocabulary(string command, params string[] sets) =>
            (int)Printed([command, corpus, .. sets.SelectMany(set => new[] { "--set", set })])["VocabularySize"]!;
        foreach (string command in new[] { "train", "search" })
        {
            Assert.AreEqual(8192, Vocabulary(command, "Text.Pattern=*.md"));
            Assert.AreEqual(4096, Vocabulary(command, "Text.Pattern=*.md", "Text.Recursive=false"));
        }
    }

    [TestMethod]
    public void ABudgetTakesThePlaceOfTheStepsOfATrial()
    {
        JsonNode? Steps(params string[] more) => Printed(["search", .. more])["Search"]!["Trainer"]!["MaxSteps"];
        Assert.AreEqual(500, (int)Steps()!);
        Assert.IsNull(Steps("--set", "Search.Trainer.Budget.MaxTokens=100000000"));
        Assert.IsNull(Steps("--set", "Search.Trainer.Budget.MaxFlops=1e12"));
        Assert.AreEqual(7, (int)Steps("--set", "Search.Trainer.Budget.MaxTokens=100000000", "--max-steps", "7")!);
    }

    [TestMethod]
    public void ASearchHasTheSameNetworkWhateverTheCores()
    {
        var start = new ProcessStartInfo("dotnet", ["exec", MpiRun.PathOf("mdm.dll"), "search", "--print-config"])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["DOTNET_PROCESSOR_COUNT"] = "64";
        using Process process = Process.Start(start)!;
        string many = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        JsonNode network = JsonNode.Parse(many)!["Search"]!["Trainer"]!["Network"]!;
        Assert.AreEqual((3, 128), ((int)network["LayerCount"]!, (int)network["EmbeddingSize"]!), "the recipe's smallest");
        Assert.AreEqual(ToolRun.Done("search", "--print-config").Output, many);
    }

    [TestMethod]
    public void TheCommandLineWinsOverTheFile()
    {
        using var folder = new TemporaryFolder();
        string config = folder.File("run.json");
        File.WriteAllText(config, "{\"Trainer\":{\"LearningRate\":0.5,\"BatchSize\":3,\"Network\":\"19M\"},\"Column\":\"body\"}");
        JsonNode settings = Printed("train", "--config", config, "--learning-rate", "0.25", "--set", "Trainer.Optimizer.Beta2=0.5");
        Assert.AreEqual(0.25, (double)settings["Trainer"]!["LearningRate"]!);
        Assert.AreEqual(3, (int)settings["Trainer"]!["BatchSize"]!);
        Assert.AreEqual(0.5, (double)settings["Trainer"]!["Optimizer"]!["Beta2"]!);
        Assert.AreEqual("Diff_LLaMA_19M", (string)settings["Trainer"]!["Network"]!["Name"]!);
        Assert.AreEqual("body", (string)settings["Column"]!);
    }

    [TestMethod]
    public void ABudgetTakesThePlaceOfTheRecipesMinutes()
    {
        Assert.AreEqual(300, (double)Printed("train")["Trainer"]!["Budget"]!["MaxSeconds"]!);
        Assert.AreEqual(30, (double)Printed("train", "--minutes", "0.5")["Trainer"]!["Budget"]!["MaxSeconds"]!);
        Assert.IsNull(Printed("train", "--max-steps", "7")["Trainer"]!["Budget"]!["MaxSeconds"]);
        Assert.AreEqual(3, (double)Printed("finetune")["Trainer"]!["Budget"]!["MaxEpochs"]!);
        Assert.IsNull(Printed("finetune", "--minutes", "1")["Trainer"]!["Budget"]!["MaxEpochs"]);
    }

    [TestMethod]
    [DataRow("{\"Trainer\":{\"LerningRate\":1}}", "there is no setting Trainer.LerningRate; the nearest is Trainer.LearningRate")]
    [DataRow("{\"data\":\"x\"}", "there is no setting data; the nearest is Data")]
    [DataRow("{\"Trainer\":{\"BatchSize\":\"many\"}}", "Trainer.BatchSize is \"many\"; it must be a whole number.")]
    [DataRow("{\"Trainer\":{\"BatchSize\":1,\"BatchSize\":2}}",
        "is no JSON in which each setting stands once: Duplicate property 'BatchSize'")]
    [DataRow("{\"Trainer\":{\"BatchSize\":1.5}}", "Trainer.BatchSize is 1.5; it must be a whole number.")]
    [DataRow("{\"Trainer\":{\"Noise\":{\"Levels\":\"Some\"}}}", "it must be one of Independent, Stratified.")]
    [DataRow("{\"Trainer\":{\"Noise\":null}}", "Trainer.Noise is null; it must be a JSON object.")]
    [DataRow("{\"Trainer\":{\"Network\":\"7M\"}}", "The presets are 6M, 19M")]
    [DataRow("{\"Trainer\":{\"Network\":{\"Layers\":1}}}", "the nearest is Trainer.Network.LayerCount")]
    [DataRow("{\"Trainer\":{\"Progress\":1}}", "there is no setting Trainer.Progress;")]
    [DataRow("[1]", "holds no JSON object")]
    [DataRow("{", "is no JSON")]
    public void WhatIsWrongInAFileIsNamed(string content, string expected)
    {
        using var folder = new TemporaryFolder();
        string config = folder.File("run.json");
        File.WriteAllText(config, content);
        ToolRun run = ToolRun.Of("train", "--config", config, "--print-config");
        Assert.AreEqual(ExitCode.WrongUsage, run.ExitCode);
        StringAssert.Contains(run.Error, config);
        StringAssert.Contains(run.Error, expected);
        Assert.AreEqual("", run.Output);
    }

    [TestMethod]
    [DataRow(new[] { "train", "--lerning-rate", "1" }, "There is no option --lerning-rate; the nearest is --learning-rate.")]
    [DataRow(new[] { "score", "text", "--modle", "x" }, "the nearest is --model.")]
    [DataRow(new[] { "train", "a.txt", "b.txt" }, "'b.txt'")]
    [DataRow(new[] { "trian" }, "There is no command trian; the nearest is train.")]
    [DataRow(new[] { "train", "--set", "Trainer.BatchSize" }, "NAME=VALUE")]
    [DataRow(new[] { "train", "--set", "Data.Size=1" }, "Data is no group of settings")]
    [DataRow(new[] { "train", "--minutes", "many" }, "--minutes is many; it must be a number.")]
    [DataRow(new[] { "train", "x.txt" }, "--out")]
    [DataRow(new[] { "score", "text" }, "--model")]
    [DataRow(new[] { "train", "--config", "no-such-file.json" }, "no-such-file.json")]
    [DataRow(new[] { "generate", "--preset", "Smd" }, "Smdm, SmdmGreedy")]
    public void WrongUsageEndsWithTwo(string[] arguments, string expected)
    {
        ToolRun run = ToolRun.Of(arguments);
        Assert.AreEqual(ExitCode.WrongUsage, run.ExitCode, run.Error);
        StringAssert.Contains(run.Error, expected);
        Assert.IsFalse(run.Error.Contains("   at ", StringComparison.Ordinal), run.Error);
    }

    [TestMethod]
    public void AFailureEndsWithOneAndShowsItsPlaceOnlyIfAsked()
    {
        ToolRun run = ToolRun.Of("score", "--model", "no-such-model.mdm", "text");
        Assert.AreEqual(ExitCode.Failed, run.ExitCode);
        Assert.AreEqual("error: There is no saved model at no-such-model.mdm." + Environment.NewLine, run.Error);
        StringAssert.Contains(ToolRun.Of("score", "--model", "no-such-model.mdm", "text", "--verbose").Error, "   at ");
        ToolRun option = ToolRun.Of("score", "--model", Files.Model, "text", "--samples", "1");
        Assert.AreEqual(ExitCode.WrongUsage, option.ExitCode);
        StringAssert.Contains(option.Error, "--samples (Samples) is 1; it must be 3 to 1048576");
        Assert.HasCount(1, option.Error.TrimEnd().Split('\n'));
    }

    [TestMethod]
    public void NoCommandShowsTheHelp()
    {
        ToolRun run = ToolRun.Done();
        foreach (object[] command in Commands)
            StringAssert.Contains(run.Output, $"  {command[0]} ");
    }

    [TestMethod]
    public void NamedValuesAreWrittenAsTheirNames()
    {
        var options = new SamplingOptions { Order = SamplingOrder.Margin, TokensPerStep = TokensPerStep.Threshold(0.75) };
        string text = SettingsTree.Print(options);
        StringAssert.Contains(text, "\"Order\": \"Margin\"");
        SamplingOptions read = JsonSerializer.Deserialize<SamplingOptions>(text, SettingsFormat.Options)!;
        Assert.AreEqual(options.TokensPerStep.Name, read.TokensPerStep.Name);
        Assert.AreEqual("; the nearest is Noise.Levels", NearestName.Hint("level", ["Levels", "LossWeighting"], "Noise."));
        Assert.AreEqual("", NearestName.Hint("Foo", ["Rows", "Levels"]));
    }

    private static JsonNode Printed(params string[] arguments) => JsonNode.Parse(ToolRun.Done([.. arguments, "--print-config"]).Output)!;

    [TestMethod]
    public void SavedSettingsTakeThePlaceOfNoFile()
    {
        using var folder = new TemporaryFolder();
        string text = folder.File("own.txt");
        File.WriteAllText(text, "mine");
        string[] arguments = ["score", "--model", "none.mdm", "a", "--save-config"];
        ToolRun run = ToolRun.Of([.. arguments, text]);
        Assert.AreEqual(ExitCode.WrongUsage, run.ExitCode);
        StringAssert.Contains(run.Error, "--save-config");
        Assert.AreEqual("mine", File.ReadAllText(text));

        // The same settings may be saved again.
        string settings = folder.File("score.json");
        for (int time = 0; time < 2; time++)
            StringAssert.Contains(ToolRun.Of([.. arguments, settings]).Error, "none.mdm");
        StringAssert.Contains(File.ReadAllText(settings), "none.mdm");
    }

    [TestMethod]
    public void AHelpThatCannotBeWrittenIsOneLine()
    {
        using var error = new StringWriter();
        using var full = new FullWriter();
        var console = new ToolConsole
        {
            In = Stream.Null, Out = full, Error = error, Progress = () => new ConsoleProgress(TextWriter.Null),
        };
        Assert.AreEqual(ExitCode.Failed, Tool.Run(["--help"], console, CancellationToken.None));
        Assert.AreEqual("error: No space left." + Environment.NewLine, error.ToString());
    }

    private sealed class FullWriter : StringWriter
    {
        public override void Write(char value) => throw new IOException("No space left.");

        public override void Write(string? value) => throw new IOException("No space left.");

        public override void WriteLine() => throw new IOException("No space left.");

        public override void WriteLine(string? value) => throw new IOException("No space left.");
    }
}
