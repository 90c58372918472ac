using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion;
using Microsoft.ML.TorchSharp;

var ml = new MLContext(seed: 1);

using var lm = ml.MaskedDiffusion().Trainer(new MaskedDiffusionTrainer.Options { TextColumnName = "Text", Network = new TransformerConfig { LayerCount = 2, HeadCount = 2, EmbeddingSize = 64, FeedForwardSize = 256, ContextLength = 32 }, Tokenizer = TokenizerSource.Bytes(), MaxSteps = 20 }).Fit(ml.Data.LoadFromEnumerable(new[] { new Row { Text = "abc abc" } })); Console.WriteLine(lm.TrainingResult!.Steps);
Row[] sentences = [.. Enumerable.Range(0, 500).Select(i => new Row { Text = i % 2 == 0 ? "A cat sits on the mat." : "A dog runs in the park.", Label = i % 2 == 0 ? "cat" : "dog" })];
IDataView corpus = ml.Data.LoadFromEnumerable(sentences);
try
{
    var p = ml.Transforms.Conversion.MapValueToKey("Label").Append(ml.MulticlassClassification.Trainers.TextClassification(sentence1ColumnName: "Text"));
    Console.WriteLine(string.Join(",", p.GetOutputSchema(SchemaShapeOf(corpus.Schema)).Select(c => c.Name)));
    p.Fit(corpus);
}
catch (Exception e) { Console.WriteLine(e); }
try
{
    var boxes = ml.Data.LoadFromEnumerable(new[] { new Boxes { Label = ["cat"], Box = [0, 0, 10, 10], PredictedLabel = ["cat"], PredictedBox = [1, 1, 10, 10], Score = [0.9f] } });
    var s = boxes.Schema;
    var t = ml.Transforms.Conversion.MapValueToKey("Label").Append(ml.Transforms.Conversion.MapValueToKey("PredictedLabel")).Fit(boxes).Transform(boxes);
    s = t.Schema;
    var m = ml.MulticlassClassification.EvaluateObjectDetection(t, s["Label"], s["Box"], s["PredictedLabel"], s["PredictedBox"], s["Score"]);
    Console.WriteLine(m.MAP50 + " " + m.MAP50_95);
}
catch (Exception e) { Console.WriteLine(e); }
static Microsoft.ML.SchemaShape SchemaShapeOf(DataViewSchema s) => (Microsoft.ML.SchemaShape)typeof(Microsoft.ML.SchemaShape).GetMethod("Create", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.Invoke(null, [s])!;

internal sealed class Row { public string Text { get; set; } = ""; public string Label { get; set; } = ""; }
internal sealed class Boxes
{
    [VectorType(1)] public string[] Label { get; set; } = [];
    [VectorType(4)] public float[] Box { get; set; } = [];
    [VectorType(1)] public string[] PredictedLabel { get; set; } = [];
    [VectorType(4)] public float[] PredictedBox { get; set; } = [];
    [VectorType(1)] public float[] Score { get; set; } = [];
}
