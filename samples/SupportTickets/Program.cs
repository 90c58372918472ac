using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion;

// Old tickets as they lie in an archive: what customers wrote, and behind it what an agent noted. Nobody has labelled them.
var ml = new MLContext(seed: 1);
var random = new Random(1);
string[] topics = ["billing", "delivery", "the account"];
string[] moods = ["calm", "angry"];
string[][] problems =
[
    ["My invoice shows the wrong amount.", "I was charged twice.", "The refund is not on my card.", "Why did the price go up?"],
    ["My parcel has not come.", "The box was broken.", "The courier left it at the wrong door.", "Tracking shows nothing."],
    ["I cannot log in.", "The reset mail does not come.", "My password is not accepted.", "Please change my mail address."],
];
string[][] tones =
[
    ["Could you have a look, please?", "Thank you for your help.", "No hurry."],
    ["This is outrageous!", "I want to speak to a manager now!", "Never again!"],
];
Row[] old = [.. Enumerable.Range(0, 3000).Select(_ =>
{
    (int topic, int mood) = (random.Next(3), random.Next(2));
    string about = $"It is about {topics[topic]}.", customer = $"The customer is {moods[mood]}.";
    string note = random.Next(2) == 0 ? $"{about} {customer}" : $"{customer} {about}";
    return new Row { Text = $"{Ticket(topic, mood)} Note: {note}" };
})];
IDataView archive = ml.Data.LoadFromEnumerable(old);

Console.WriteLine("Training on 3,000 tickets ...");
using var lm = ml.MaskedDiffusion().Trainer(new TrainerOptions
{
    TextColumnName = "Text",
    Network = new TransformerConfig { LayerCount = 2, HeadCount = 2, EmbeddingSize = 64, FeedForwardSize = 256, ContextLength = 64 },
    Tokenizer = TokenizerSource.TrainBytePairEncoding(vocabularySize: 512),
    MaxSteps = 2000,
    LearningRate = 3e-3,
    WarmStart = 1 / 3.0,
}).Fit(archive);

// New tickets, classified by how likely each note is behind them: no classifier has been trained, and any other question can be asked.
Row[] tickets = [.. Enumerable.Range(0, 100).Select(_ =>
{
    (int topic, int mood) = (random.Next(3), random.Next(2));
    return new Row
    {
        Text = Ticket(topic, mood) + " Note: It is about", Options = [.. topics.Select(name => name + ".")],
        Label = topics[topic] + ".", Mood = moods[mood] + ".",
    };
})];
IDataView topicData = ml.Data.LoadFromEnumerable(tickets);
var byTopic = ml.MaskedDiffusion().ScoreChoices(lm.Model, contextColumnName: "Text", choicesColumnName: "Options");
IDataView answered = byTopic.Fit(topicData).Transform(topicData);
Row[] moodRows = [.. tickets.Select(ticket => new Row
{
    Text = ticket.Text.Replace("It is about", "The customer is", StringComparison.Ordinal),
    Options = [.. moods.Select(name => name + ".")],
    Label = ticket.Mood,
})];
IDataView moodData = ml.Data.LoadFromEnumerable(moodRows);
var byMood = ml.MaskedDiffusion().ScoreChoices(lm.Model, contextColumnName: "Text", choicesColumnName: "Options");
IDataView moodAnswers = byMood.Fit(moodData).Transform(moodData);

string[] predictedTopics = [.. answered.GetColumn<string>("PredictedText")];
string[] predictedMoods = [.. moodAnswers.GetColumn<string>("PredictedText")];
float[][] probabilities = [.. answered.GetColumn<float[]>("Probability")];
for (int i = 0; i < 4; i++)
{
    string text = tickets[i].Text[..tickets[i].Text.IndexOf(" Note:", StringComparison.Ordinal)];
    Console.WriteLine($"  {text}\n    {predictedTopics[i]} ({probabilities[i].Max():P0})  {predictedMoods[i]}");
}
Console.WriteLine($"Topic: {Share(predictedTopics, tickets.Select(ticket => ticket.Label)):P0} of {tickets.Length} right, 33 % by chance");
Console.WriteLine($"Mood:  {Share(predictedMoods, tickets.Select(ticket => ticket.Mood)):P0} of {tickets.Length} right, 50 % by chance");

string Ticket(int topic, int mood)
{
    string[] about = problems[topic], tone = tones[mood];
    string first = about[random.Next(about.Length)], second = about[random.Next(about.Length)];
    return $"{first} {(first == second ? "" : second + " ")}{tone[random.Next(tone.Length)]}";
}

static double Share(IEnumerable<string> predicted, IEnumerable<string> right) =>
    predicted.Zip(right, (first, second) => first == second ? 1.0 : 0.0).Average();

internal sealed class Row
{
    public string Text { get; set; } = "";

    public string[] Options { get; set; } = [];

    public string Label { get; set; } = "";

    public string Mood { get; set; } = "";
}
