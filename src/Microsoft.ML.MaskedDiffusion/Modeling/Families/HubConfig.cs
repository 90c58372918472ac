using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Families;

/// <summary>
/// config.json of a published model. Every field has to be read, required to have the value that is computed with, or known to change
/// nothing; what is left over is refused by name, unless it is null, false or empty, which means that something is off.
/// </summary>
internal sealed class HubConfig
{
    public const string FileName = "config.json";

    // What the libraries that write these files note down beside the network.
    private static readonly HashSet<string> Harmless =
    [
        "_name_or_path", "_attn_implementation", "_attn_implementation_autoset", "_commit_hash", "architectures", "auto_map",
        "bos_token_id", "dtype", "eos_token_id", "id2label", "initializer_range", "is_decoder", "label2id", "model_type",
        "name_or_path", "pad_token_id",
        "problem_type", "return_dict", "tokenizer_class", "torch_dtype", "transformers_version", "unsloth_version", "use_cache",
        "gradient_checkpointing", "pretraining_tp", "output_attentions", "output_hidden_states",
    ];

    private readonly JsonElement _root;
    private readonly string _place;
    private readonly FaultList _faults;
    private readonly HashSet<string> _known;

    /// <param name="root">The file's object.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="InvalidDataException">It is no object.</exception>
    public HubConfig(JsonElement root, string source)
        : this(root, "", new FaultList(source), Harmless)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException(
                $"{source}: expected a JSON object with the model's configuration, got a JSON {root.ValueKind}.");
        }
    }

    private HubConfig(JsonElement root, string place, FaultList faults, IEnumerable<string> known)
    {
        (_root, _place, _faults) = (root, place, faults);
        _known = [.. known];
    }

    /// <summary>Whether a value says that something is off: null, false or empty.</summary>
    public static bool MeansOff(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    /// <summary>Whether a field is there and not null.</summary>
    public bool Has(string name)
    {
        _known.Add(name);
        return _root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;
    }

    /// <summary>A text, or null where there is none.</summary>
    public string? Text(string name) =>
        Has(name) && _root.GetProperty(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>A whole number; where it is missing, the fault is noted and the result is 1.</summary>
    public int Integer(string name)
    {
        if (Has(name))
            return Integer(name, 1);
        Fault(name, "is missing");
        return 1;
    }

    /// <summary>A whole number, or the default where there is none.</summary>
    public int Integer(string name, int otherwise) => Read<int>(name, otherwise, "a whole number of 32 bits", value =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : null);

    /// <summary>A number, or the default where there is none.</summary>
    public double Number(string name, double otherwise) => Read<double>(name, otherwise, "a number", value =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) ? number : null);

    /// <summary>True or false, or the default where there is neither.</summary>
    public bool Flag(string name, bool otherwise) => Read<bool>(name, otherwise, "true or false", value =>
        value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.ValueKind == JsonValueKind.True : null);

    /// <summary>
    /// Requires a field to have one of some values, where it is there and not null. Values are compared as the file would write them; lists
    /// must have such values only.
    /// </summary>
    public void Require(string name, params object[] allowed)
    {
        if (!Has(name))
            return;
        JsonElement value = _root.GetProperty(name);
        IEnumerable<JsonElement> items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
        foreach (JsonElement item in items)
        {
            if (allowed.Any(one => Equals(item, one)))
                continue;
            string expected = string.Join(" or ", allowed.Select(JsonText));
            Fault(name, $"is {Text(item)}, which this library does not compute; supported is {expected}");
            return;
        }
    }

    /// <summary>Requires a field, where it is there and not null, to be this list.</summary>
    public void RequireList(string name, string[] expected)
    {
        if (!Has(name))
            return;
        JsonElement value = _root.GetProperty(name);
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != expected.Length
            || !value.EnumerateArray().Zip(expected).All(pair => Equals(pair.First, pair.Second)))
            Fault(name, $"is {Text(value)}, expected {Text(JsonSerializer.SerializeToElement(expected))} from the other fields");
    }

    /// <summary>Notes that fields change nothing here.</summary>
    public void PassOver(params string[] names) => _known.UnionWith(names);

    /// <summary>An object in the object, or null where there is none; it has to be finished too.</summary>
    public HubConfig? Group(string name)
    {
        if (!Has(name))
            return null;
        JsonElement value = _root.GetProperty(name);
        if (value.ValueKind == JsonValueKind.Object)
            return new HubConfig(value, $"{_place}{name}.", _faults, []);
        Fault(name, $"is {Text(value)}, expected an object");
        return null;
    }

    /// <summary>Notes a fault of a field.</summary>
    public void Fault(string name, string what) => _faults.Add($"{FaultList.Quote(_place + name)} {what}");

    /// <summary>Notes every field as a fault that nobody has asked for and that may mean something.</summary>
    public void RefuseTheRest()
    {
        foreach (JsonProperty property in _root.EnumerateObject())
        {
            if (!_known.Contains(property.Name) && !MeansOff(property.Value))
            {
                Fault(property.Name, $"is {Text(property.Value)}, which this library does not know; it may change what the network "
                    + "computes. If it does not, take it out of the file");
            }
        }
    }

    /// <exception cref="InvalidDataException">There were faults; the message lists them.</exception>
    public void ThrowIfFaulty() => _faults.ThrowIfAny();

    private T Read<T>(string name, T otherwise, string expected, Func<JsonElement, T?> read)
        where T : struct
    {
        if (!Has(name))
            return otherwise;
        JsonElement value = _root.GetProperty(name);
        if (read(value) is { } found)
            return found;
        Fault(name, $"is {Text(value)}, expected {expected}");
        return otherwise;
    }

    private static bool Equals(JsonElement item, object one) => one switch
    {
        bool flag => item.ValueKind == (flag ? JsonValueKind.True : JsonValueKind.False),
        string text => item.ValueKind == JsonValueKind.String && item.ValueEquals(text),
        _ => item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out double number)
            && number == Convert.ToDouble(one, System.Globalization.CultureInfo.InvariantCulture),
    };

    private static string JsonText(object value) => JsonSerializer.Serialize(value);

    private static string Text(JsonElement value) => FaultList.Quote(value.GetRawText());
}
