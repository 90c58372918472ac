using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

// A model of a rule, which day follows which.
string[] days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
var ml = new MLContext(seed: 1);
var random = new Random(1);
int[] numbers = [.. Enumerable.Range(0, 2000).Select(_ => random.Next(7))];
IDataView corpus = ml.Data.LoadFromEnumerable(
    numbers.Select(i => new Sentence { Text = $"{days[i]} comes before {days[(i + 1) % 7]}." }));
Console.WriteLine("Training a model for some seconds ...");
using var lm = ml.MaskedDiffusion().Trainer(new TrainerOptions
{
    TextColumnName = "Text",
    Network = new TransformerConfig { LayerCount = 2, HeadCount = 2, EmbeddingSize = 64, FeedForwardSize = 256, ContextLength = 32 },
    Tokenizer = TokenizerSource.TrainBytePairEncoding(vocabularySize: 512),
    MaxSteps = 1000,
    LearningRate = 3e-3,
}).Fit(corpus);

// One model serves all requests; scorer and generator are safe for many threads.
var scorer = new LikelihoodScorer(lm.Model);
var generator = new TextGenerator(lm.Model, new GenerationOptions { MaxNewTokens = 8 });
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
await using WebApplication app = builder.Build();
app.Urls.Add("http://127.0.0.1:0");
app.MapPost("/score", (Sentence sentence) =>
{
    TextLikelihood score = scorer.Score([new ScoredText(sentence.Text)])[0];
    return new { score.NegativeLogLikelihood, score.TokenCount };
});

// Each step of the sampler is a line of JSON, sent when it is there. A client that hangs up ends the writing.
app.MapPost("/generate", async (Sentence prompt, HttpContext context) =>
{
    context.Response.ContentType = "application/x-ndjson";
    await foreach (GenerationState state in generator.StreamAsync(prompt.Text, context.RequestAborted))
    {
        await context.Response.WriteAsync(JsonSerializer.Serialize(new { state.Step, state.Text }) + "\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
});
await app.StartAsync();
string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
Console.WriteLine($"Serving at {address}");

// A client, as another program would be: seven questions at once, and a text that comes step by step.
using var client = new HttpClient { BaseAddress = new Uri(address) };
string[] sentences = [.. days.Select(day => $"{day} comes before Friday.")];
JsonElement[] scores = await Task.WhenAll(sentences.Select(async text =>
{
    using HttpResponseMessage answer = await client.PostAsJsonAsync("/score", new Sentence { Text = text });
    return await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
}));
foreach ((string text, JsonElement score) in sentences.Zip(scores))
    Console.WriteLine($"  {score.GetProperty("negativeLogLikelihood").GetDouble(),6:F2} nats  {text}");

using var request = new HttpRequestMessage(HttpMethod.Post, "/generate");
request.Content = JsonContent.Create(new Sentence { Text = "Monday comes" });
using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
using var reader = new StreamReader(await response.EnsureSuccessStatusCode().Content.ReadAsStreamAsync());
while (await reader.ReadLineAsync() is { } line)
    Console.WriteLine($"  {line}");
await app.StopAsync();

internal sealed class Sentence
{
    public string Text { get; set; } = "";
}
