// Microsoft.ML.TorchSharp 0.23.1, LightGBM and this library in one application. The first and the last compute with TorchSharp, so they
// use the one version that NuGet chooses: Microsoft.ML.TorchSharp asks for 0.102.7 or later and this library for 0.107.0 or later, so it is
// 0.107.0.
//
// Without the internet, this works in Microsoft.ML.TorchSharp 0.23.1: its estimators (TextClassification, SentenceSimilarity,
// NamedEntityRecognition, QuestionAnswer, ObjectDetection) can be created and give their output schema, but their Fit downloads pretrained
// weights. EvaluateObjectDetection needs no weights. So this sample measures the results of an object detector with Microsoft.ML.TorchSharp
// and completes the captions of the pictures with this library.
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion;
using Microsoft.ML.TorchSharp;

var ml = new MLContext(seed: 1);

// Boxes are (left, top, right, bottom) in pixels. The detector found the cat and the dog, and took the bird for a cat.
IDataView detections = ml.Data.LoadFromEnumerable(
[
    new Picture { Label = ["cat"], Box = [10, 10, 90, 80], Predicted = ["cat"], PredictedBox = [12, 11, 91, 82], Score = [0.9f] },
    new Picture { Label = ["dog"], Box = [30, 20, 120, 100], Predicted = ["dog"], PredictedBox = [28, 22, 118, 99], Score = [0.8f] },
    new Picture { Label = ["bird"], Box = [5, 5, 25, 30], Predicted = ["cat"], PredictedBox = [6, 5, 24, 31], Score = [0.4f] },
]);
DataViewSchema schema = detections.Schema;
var metrics = ml.MulticlassClassification.EvaluateObjectDetection(
    detections, schema["Label"], schema["Box"], schema["Predicted"], schema["PredictedBox"], schema["Score"]);
Console.WriteLine($"Microsoft.ML.TorchSharp: mean average precision {metrics.MAP50:P0} at 50 % overlap");

// A tiny network learns three captions and then fills gaps in them.
string[] captions = ["The cat sits on the mat.", "The dog runs in the park.", "The bird sings in the tree."];
IDataView texts = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 600).Select(i => new Caption { Text = captions[i % captions.Length] }));
using var model = ml.MaskedDiffusion().Trainer(new TrainerOptions
{
    TextColumnName = "Text",
    Network = new TransformerConfig { LayerCount = 2, HeadCount = 2, EmbeddingSize = 64, FeedForwardSize = 256, ContextLength = 32 },
    Tokenizer = TokenizerSource.TrainBytePairEncoding(vocabularySize: 512),
    MaxSteps = 1000,
    LearningRate = 3e-3,
}).Fit(texts);
Console.WriteLine("Microsoft.ML.MaskedDiffusion:");
foreach (string filled in Fill(["The cat [MASK] on the mat.", "The dog [MASK] in the park.", "The bird sings in the [MASK]."]))
    Console.WriteLine($"  {filled}");

// LightGBM learns from our likelihood, as from any other number, which captions have their words in order.
var random = new Random(1);
Caption[] mixed = [.. Enumerable.Range(0, 400).Select(i =>
{
    string[] words = captions[i % captions.Length].Split(' ');
    bool isShuffled = random.Next(2) == 0;
    if (isShuffled)
        random.Shuffle(words);
    return new Caption { Text = string.Join(' ', words), Label = !isShuffled };
})];
DataOperationsCatalog.TrainTestData split = ml.Data.TrainTestSplit(ml.Data.LoadFromEnumerable(mixed), testFraction: 0.25);
var pipeline = ml.MaskedDiffusion().ScoreLikelihood(model.Model)
    .Append(ml.Transforms.Conversion.ConvertType("Tokens", "TokenCount", DataKind.Single))
    .Append(ml.Transforms.Concatenate("Features", "NegativeLogLikelihood", "Tokens"))
    .Append(ml.BinaryClassification.Trainers.LightGbm());
var judged = ml.BinaryClassification.Evaluate(pipeline.Fit(split.TrainSet).Transform(split.TestSet));
Console.WriteLine($"Microsoft.ML.LightGbm: tells {judged.Accuracy:P0} of the captions from shuffled ones by their likelihood");
Console.WriteLine($"TorchSharp is {typeof(TorchSharp.torch).Assembly.GetName().Version} for both that use it.");

IEnumerable<string> Fill(string[] withGaps)
{
    IDataView view = ml.Data.LoadFromEnumerable(withGaps.Select(text => new Caption { Text = text }));
    return ml.MaskedDiffusion().Infill(model.Model, "Text", "Filled").Fit(view).Transform(view).GetColumn<string>("Filled");
}

internal sealed class Caption
{
    public string Text { get; set; } = "";

    public bool Label { get; set; }
}

internal sealed class Picture
{
    [VectorType]
    public string[] Label { get; set; } = [];

    [VectorType]
    public float[] Box { get; set; } = [];

    [VectorType]
    public string[] Predicted { get; set; } = [];

    [VectorType]
    public float[] PredictedBox { get; set; } = [];

    [VectorType]
    public float[] Score { get; set; } = [];
}
