using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

// A table of orders in which a scanner lost words. Where it did, the cell has a gap of unknown length, [MASK*1-6].
string folder = Path.Combine("artifacts", "clean");
Directory.CreateDirectory(folder);
string dirty = Path.Combine(folder, "orders.csv"), clean = Path.Combine(folder, "clean.csv");
File.Delete(clean);
var ml = new MLContext(seed: 1);
var random = new Random(1);
(string City, string Country)[] places =
[
    ("Berlin", "Germany"), ("Paris", "France"), ("Madrid", "Spain"), ("Rome", "Italy"), ("Vienna", "Austria"), ("Lisbon", "Portugal"),
];
(string Thing, string Unit)[] goods =
    [("nails", "boxes"), ("paint", "cans"), ("cable", "reels"), ("sand", "bags"), ("glue", "tubes"), ("wood", "planks")];
using (StreamWriter file = File.CreateText(dirty))
{
    file.WriteLine("Number,Order,Remark");
    for (int i = 1; i <= 60; i++)
        file.WriteLine($"{i},\"{(i % 4 == 0 ? Order(lost: random.Next(1, 4)) : Order())}\",\"said \"\"{random.Next(9)} days\"\"\"");
}

Console.WriteLine("Training on 2,000 whole orders ...");
Row[] whole = [.. Enumerable.Range(0, 2000).Select(_ => new Row { Order = Order() })];
IDataView orders = ml.Data.LoadFromEnumerable(whole);
using var lm = ml.MaskedDiffusion().Trainer(new TrainerOptions
{
    TextColumnName = "Order",
    Network = new TransformerConfig { LayerCount = 2, HeadCount = 2, EmbeddingSize = 64, FeedForwardSize = 256, ContextLength = 32 },
    Tokenizer = TokenizerSource.TrainBytePairEncoding(vocabularySize: 512),
    MaxSteps = 1500,
    LearningRate = 3e-3,
}).Fit(orders);

// The column is filled in place. All other cells stay as they are, byte for byte.
ITransformer infill = ml.MaskedDiffusion().Infill(lm.Model, new InfillOptions
{
    InputColumnName = "Order", OutputColumnName = "Order", LogProbabilityColumnName = "LogProbability",
}).Fit(orders);
ml.MaskedDiffusion().ScoreFile(infill, new BatchScoringOptions
{
    InputPath = dirty, OutputPath = clean, OutputColumns = ["Order", "LogProbability"],
});

(string Before, string After)[] lines = [.. File.ReadLines(dirty).Zip(File.ReadLines(clean))];
foreach ((string before, string after) in lines.Where(line => line.Before.Contains("[MASK", StringComparison.Ordinal)).Take(6))
    Console.WriteLine($"  {before}\n  {after}\n");
int same = lines.Count(line => line.After.StartsWith(line.Before, StringComparison.Ordinal));
Console.WriteLine($"{same - 1} of 60 rows had no gap and are what they were, with a log-probability of 0 behind them: {clean}");

string Order(int lost = 0)
{
    (string city, string country) = places[random.Next(places.Length)];
    (string thing, string unit) = goods[random.Next(goods.Length)];
    const string Gap = "[MASK*1-6]";
    return $"{random.Next(2, 10)} {(lost == 1 ? Gap : unit)} of {thing}, to {(lost == 2 ? Gap : city)}, {(lost == 3 ? Gap : country)}.";
}

internal sealed class Row
{
    public string Order { get; set; } = "";
}
