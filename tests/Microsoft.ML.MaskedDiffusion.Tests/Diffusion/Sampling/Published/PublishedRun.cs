using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A recorded run of a published sampler: its parameters, its rows before each forward, and how many tokens each forward computed.
/// </summary>
internal sealed class PublishedRun
{
    private readonly JsonElement _facts;
    private readonly Lazy<PublishedRow[]> _rows;

    private PublishedRun(string family, string name, int mask, JsonElement ids, JsonElement facts)
    {
        (Family, Name, MaskTokenId, _facts) = (family, name, mask, facts);
        EndTokens = (ids.GetProperty("eos").GetInt32(), ids.TryGetProperty("eot", out JsonElement eot) ? eot.GetInt32() : -1);
        _rows = new Lazy<PublishedRow[]>(ReadRows);
    }

    public string Family { get; }

    public string Name { get; }

    public int MaskTokenId { get; }

    /// <summary>The end of a sequence, and the end of a turn, which not all families have.</summary>
    public (int Sequence, int Turn) EndTokens { get; }

    /// <summary>The file and the function that ran.</summary>
    public string Reference => _facts.GetProperty("reference").GetString()!;

    public PublishedRow[] Rows => _rows.Value;

    /// <summary>The size of the blocks of attention; null where it sees the whole row.</summary>
    public int? AttentionBlockSize => Reference.Contains("BD3LM", StringComparison.Ordinal) ? Integer("block_size") : null;

    /// <summary>The tokens of each forward that changed something; the library leaves the others out.</summary>
    public int[] Forwards
    {
        get
        {
            JsonElement[] canvases = [.. Canvases()];
            // These runs record the rows after each step; their forwards are not told apart.
            if (AttentionBlockSize is { } size)
                return [.. Enumerable.Repeat(size, canvases.Length - 1)];
            int[] lengths = [.. _facts.GetProperty("forward_lengths").EnumerateArray().Select(length => length.GetInt32())];
            return [.. lengths.Where((_, k) => canvases[k].GetRawText() != canvases[k + 1].GetRawText())];
        }
    }

    /// <summary>All runs of a family.</summary>
    public static IReadOnlyList<PublishedRun> All(string family)
    {
        JsonElement file = Golden.Json("published", family, "samplers.json"), ids = file.GetProperty("ids");
        int mask = ids.GetProperty("mask").GetInt32();
        return
        [
            .. file.GetProperty("runs").EnumerateObject().Select(run => new PublishedRun(family, run.Name, mask, ids, run.Value)),
        ];
    }

    /// <summary>Whether the run has a parameter that is not null.</summary>
    public bool Has(string name) => Parameter(name) is not null;

    public int Integer(string name) => Parameter(name)!.Value.GetInt32();

    public double Number(string name, double otherwise = 0) => Parameter(name)?.GetDouble() ?? otherwise;

    public string Text(string name) => Parameter(name) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";

    public bool Flag(string name) => Parameter(name) is { ValueKind: JsonValueKind.True };

    public int[] Integers(string name) => Parameter(name) is { } list ? Ids(list) : [];

    /// <summary>The recorded draws of a row; null where the run has none.</summary>
    public ISamplingDraws? Draws(PublishedRow row)
    {
        string file = Path.Combine(Golden.Folder, "published", Family, "samplers_draws.safetensors");
        if (!File.Exists(file))
            return null;
        using SafetensorsReader reader = SafetensorsReader.Open(file);
        return reader.Entries.Any(entry => entry.Name.StartsWith(Name + ".", StringComparison.Ordinal))
            ? new PublishedDraws(reader, Name, row, MaskTokenId) : null;
    }

    private JsonElement? Parameter(string name) =>
        _facts.GetProperty("params").TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private IEnumerable<JsonElement> Canvases() =>
        _facts.GetProperty(AttentionBlockSize is null ? "canvas_before_each_forward_then_final" : "history").EnumerateArray();

    private static int[] Ids(JsonElement list) => [.. list.EnumerateArray().Select(id => id.GetInt32())];

    // The references put padding beside the shorter rows of a batch, and the attention does not see it.
    private PublishedRow[] ReadRows()
    {
        int[][][] canvases = [.. Canvases().Select(canvas => canvas.EnumerateArray().Select(Ids).ToArray())];
        int[][] prompts = [.. _facts.GetProperty("prompt").EnumerateArray().Select(Ids)];
        var rows = new PublishedRow[prompts.Length];
        for (int row = 0; row < rows.Length; row++)
        {
            int width = canvases[0][row].Length, prompt = prompts[row].Length, padding = 0;
            if (_facts.TryGetProperty("prompt_attention_mask", out JsonElement mask))
                padding = Ids(mask[row]).Count(seen => seen == 0);
            int added = Has("max_new_tokens") ? Integer("max_new_tokens") : Has("gen_length") ? Integer("gen_length")
                : Has("max_length") ? Integer("max_length") - prompt : 0;
            // An empty prompt becomes the beginning of a sequence.
            int length = prompt == 0 ? width : prompt + added;
            // Prompts are filled up on the left to whole blocks of attention, and blocks are added as they are written.
            bool isLeft = Family == "dream" || AttentionBlockSize is not null;
            int start = (isLeft ? width - (AttentionBlockSize is null ? length : prompt) : 0) + padding, end = start - padding + length;
            int[][] states = [.. canvases.Select(canvas => (int[])
                [.. canvas[row].Concat(Enumerable.Repeat(MaskTokenId, length)).Skip(start).Take(end - start)])];
            rows[row] = new PublishedRow(states, added > 0 ? end - start - added : 0);
        }
        return rows;
    }
}

/// <summary>A row of a run.</summary>
/// <param name="States">Its ids before each forward, and at the end.</param>
/// <param name="PromptLength">The tokens before the first one that is written; 0 where gaps are filled.</param>
internal sealed record PublishedRow(int[][] States, int PromptLength)
{
    /// <summary>The states without those that are as the one before.</summary>
    public int[][] DistinctStates => [.. States.Where((state, k) => k == 0 || !state.AsSpan().SequenceEqual(States[k - 1]))];
}
