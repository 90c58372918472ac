using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation.Trace;

/// <summary>
/// Makes the page of a trace out of three files of the assembly: the page, its script and, as JSON, the steps. Texts go into the page
/// escaped; the JSON writes the characters of markup as escapes, so that no text can end the element that it stands in.
/// </summary>
internal static class TracePage
{
    private static readonly Lazy<(string Page, string Script)> Files = new(() => (Read("html"), Read("js")));

    /// <summary>The page.</summary>
    public static string Of(GenerationTrace trace)
    {
        (string page, string script) = Files.Value;
        var parts = new Dictionary<string, string>
        {
            ["title"] = WebUtility.HtmlEncode(trace.Title),
            ["data"] = Data(trace),
            ["script"] = script.TrimEnd(),
        };
        // In one pass, so that nothing in a text is taken for a place of the page.
        var result = new StringBuilder();
        string[] pieces = page.ReplaceLineEndings("\n").Split("{{");
        result.Append(pieces[0]);
        foreach (string piece in pieces.Skip(1))
        {
            int end = piece.IndexOf("}}", StringComparison.Ordinal);
            result.Append(parts[piece[..end]]).Append(piece, end + 2, piece.Length - end - 2);
        }
        return result.ToString();
    }

    private static string Data(GenerationTrace trace)
    {
        var texts = new TokenTexts();
        using var stream = new MemoryStream();
        // The writer's own encoder escapes <, >, &, quotes and all that is not ASCII.
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("prompt", WellFormedText.Of(trace.Prompt));
            json.WriteString("text", trace.Text);
            json.WriteStartArray("summary");
            foreach ((string name, string value) in Summary(trace))
                WriteRow(json, name, value);
            json.WriteEndArray();
            json.WriteStartArray("steps");
            foreach (TraceStep step in trace.Steps)
                WriteStep(json, step, texts);
            json.WriteEndArray();
            json.WriteStartArray("texts");
            foreach (string text in texts.All)
                json.WriteStringValue(text);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void WriteStep(Utf8JsonWriter json, TraceStep step, TokenTexts texts)
    {
        json.WriteStartObject();
        json.WriteNumber("visible", step.Visible);
        json.WriteStartArray("changes");
        foreach ((int position, GeneratedToken token) in step.Changes)
        {
            json.WriteStartArray();
            json.WriteNumberValue(position);
            json.WriteNumberValue(token.Id);
            json.WriteNumberValue(texts.NumberOf(token.Text));
            json.WriteNumberValue(double.IsFinite(token.Probability) ? Math.Round(token.Probability, 6) : 0);
            json.WriteNumberValue(token.Step);
            json.WriteNumberValue(token.TimesMasked);
            json.WriteEndArray();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteRow(Utf8JsonWriter json, string name, string value)
    {
        json.WriteStartArray();
        json.WriteStringValue(name);
        json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static IEnumerable<(string Name, string Value)> Summary(GenerationTrace trace)
    {
        yield return ("steps", Number(trace.StepCount));
        if (trace.Result is not { } result)
        {
            yield return ("ended by", "not yet ended");
            yield break;
        }
        // A step that fills and masks nothing needs no network.
        yield return ("steps with the network", Number(result.StepCount));
        yield return ("tokens", Number(result.Tokens.Count));
        yield return ("network rows", Number(result.NetworkRowCount));
        yield return ("tokens of the prompt", Number(result.PromptTokenCount));
        if (result.Tokens.Count > 0)
        {
            double nats = -result.LogProbability / result.Tokens.Count;
            yield return ("nats per token", nats.ToString("F2", CultureInfo.InvariantCulture));
        }
        yield return ("ended by", result.FinishReason switch
        {
            FinishReason.Length => "its length",
            FinishReason.EndOfText => "the end of the text",
            FinishReason.StopString => "a stop string",
            FinishReason.Cancelled => "a cancellation",
            _ => "a prompt that cannot be used",
        });
    }

    private static string Number(int value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Read(string extension)
    {
        string name = $"Microsoft.ML.MaskedDiffusion.GenerationTrace.{extension}";
        using Stream stream = typeof(TracePage).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly has no resource {name}.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>The different texts of tokens, numbered as they come.</summary>
    private sealed class TokenTexts
    {
        private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

        public List<string> All { get; } = [];

        public int NumberOf(string text)
        {
            if (_numbers.TryAdd(text, All.Count))
                All.Add(text);
            return _numbers[text];
        }
    }
}
