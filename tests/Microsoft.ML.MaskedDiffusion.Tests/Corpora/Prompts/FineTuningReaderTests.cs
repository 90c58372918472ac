using Microsoft.ML.MaskedDiffusion.Text.BytePair;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The three fine-tuning formats on rows written here; what is skipped, and what is refused with file and line.</summary>
[TestClass]
public sealed class FineTuningReaderTests
{
    private const string Vicuna = "A chat between a curious user and an artificial intelligence assistant. "
        + "The assistant gives helpful, detailed, and polite answers to the user's questions. USER: ";

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow("[{0},\n{1}, {2}, {3}]")]
    [DataRow("{0}\n{1}\n\n{2}\n{3}\n")]
    public void ShareGpt_TakesTheFirstTurnsOfArraysAndLines(string layout)
    {
        string path = Write(string.Format(System.Globalization.CultureInfo.InvariantCulture, layout,
            """{"id": "a", "conversations": [{"from": "human", "value": "Hi?"}, {"from": "gpt", "value": "Hello."}, """
                + """{"from": "human", "value": "More"}]}""",
            """{"id": "b", "conversations": [{"from": "gpt", "value": "Hi"}, {"from": "human", "value": "Hello"}]}""",
            """{"id": "c", "conversations": [{"from": "human", "value": "Hi"}]}""",
            """{"id": "d", "conversations": [{"from": "human", "value": "b"}, {"from": "gpt", "value": "c"}]}"""));
        var skipped = new SkippedRows();
        FineTuningRow[] rows = [.. FineTuningReader.ShareGpt.Read(path, skipped: skipped)];
        CollectionAssert.AreEqual(
            new[] { new FineTuningRow(Vicuna + "Hi? ASSISTANT:", "", "Hello."), new FineTuningRow(Vicuna + "b ASSISTANT:", "", "c") },
            rows);
        Assert.AreEqual("2 skipped: 1 that do not begin with human and gpt, 1 with fewer than 2 turns", skipped.ToString());
    }

    [TestMethod]
    public void Gsm8k_GivesTwoStagesOfBothFormats()
    {
        string path = Write(
            "How many?||<<1+1=2>> #### 2\n{\"question\": \"Why?\", \"answer\": \"So.\\n#### 7\"}\nno bars\na||b\na||b #### 1 #### 2\n");
        var skipped = new SkippedRows();
        FineTuningRow[] rows = [.. FineTuningReader.Gsm8k.Read(path, skipped: skipped)];
        CollectionAssert.AreEqual(
            new[]
            {
                new FineTuningRow("Question: How many?", "", "Answer: <<1+1=2>> "),
                new FineTuningRow("Question: How many?", "Answer: <<1+1=2>> ", "#### 2"),
                new FineTuningRow("Question: Why?", "", "Answer: So.\n"),
                new FineTuningRow("Question: Why?", "Answer: So.\n", "#### 7"),
            }, rows);
        Assert.AreEqual(3, skipped.Count);
        Assert.AreEqual(2, skipped.ByReason["without exactly one '####'"]);
        Assert.AreEqual(1, skipped.ByReason["without exactly one '||'"]);
    }

    [TestMethod]
    public void Reversal_LearnsTheWholeText()
    {
        string path = Write("{\"prompt\": \"Ann is\", \"completion\": \" a poet.\"}\n");
        CollectionAssert.AreEqual(new[] { new FineTuningRow("", "", "Ann is a poet.") }, FineTuningReader.Reversal.Read(path).ToArray());
    }

    [TestMethod]
    public void Limit_SkipsBothStagesOfALongLine()
    {
        string path = Write("ab||cd #### 1\nab||" + new string('c', 40) + " #### 1\n");
        TextTokenizer bytes = Bytes();
        FineTuningTokens tokens = new FineTuningRow("Question: ab", "Answer: cd ", "#### 1").Encode(bytes);
        int shorter = tokens.Prompt.Length + tokens.Answer.Length;
        Assert.AreEqual("Question: abAnswer: cd #### 1".Length + 1, shorter);
        var skipped = new SkippedRows();
        Assert.AreEqual(2, FineTuningReader.Gsm8k.Read(path, new LengthLimit(bytes, shorter), skipped).Count());
        Assert.AreEqual($"1 skipped: 1 longer than {shorter} tokens", skipped.ToString());
        Assert.AreEqual(0, FineTuningReader.Gsm8k.Read(path, new LengthLimit(bytes, shorter - 1)).Count());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new LengthLimit(bytes, 0));
    }

    [TestMethod]
    public void Encode_EndsTheAnswerOnly()
    {
        TextTokenizer bytes = Bytes();
        FineTuningTokens tokens = new FineTuningRow("a", "b", "c").Encode(bytes);
        Assert.AreEqual("ab", bytes.Decode(tokens.Prompt));
        Assert.AreEqual("c", bytes.Decode(tokens.Answer));
        Assert.AreEqual(bytes.EndOfSequenceId, tokens.Answer[^1]);
        Assert.AreEqual(2, tokens.Prompt.Length);
    }

    [TestMethod]
    [DataRow("Reversal", "{\"prompt\": \"a\", \"completion\": \"b\"}\n{\"prompt\": \"a\"}\n", "line 2: field 'completion' is missing")]
    [DataRow("Reversal", "{\"prompt\": \"a\", \"completion\": \"b\"\n", "line 1: not JSON")]
    [DataRow("Reversal", "", "holds no row")]
    [DataRow("Gsm8k", "a||b #### 1\n{\"question\": 3}\n", "line 2: field 'question' should be text")]
    [DataRow(
        "ShareGpt", """[{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt"}]}]""", "record 1: field 'value' is missing")]
    [DataRow("ShareGpt", "[{\"conversations\": []}, 3]", "record 2: expected a JSON object")]
    [DataRow("ShareGpt", "[{\"conversations\": []}", "not JSON")]
    [DataRow("ShareGpt", "[]", "holds no record")]
    [DataRow("ShareGpt", "{\"conversations\": 3}", "line 1: field 'conversations' should be a list of turns")]
    public void BadFiles_AreRefusedWithFileAndPlace(string format, string content, string message)
    {
        string path = Write(content);
        FineTuningReader reader = format switch
        {
            "Reversal" => FineTuningReader.Reversal,
            "Gsm8k" => FineTuningReader.Gsm8k,
            _ => FineTuningReader.ShareGpt,
        };
        var error = Assert.ThrowsExactly<InvalidDataException>(() => reader.Read(path).Count());
        StringAssert.StartsWith(error.Message, path);
        StringAssert.Contains(error.Message, message);
    }

    // A corpus of one letter has nothing to merge: the tokens are the bytes.
    private static TextTokenizer Bytes() => BytePairTrainer.Train(["x"], BytePairTrainer.MinimumVocabularySize);

    private string Write(string content)
    {
        string path = Path.Combine(_folder.Path, "rows.txt");
        File.WriteAllText(path, content);
        return path;
    }
}
