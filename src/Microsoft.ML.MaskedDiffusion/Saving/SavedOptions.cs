using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion.Saving;

/// <summary>
/// Options as JSON in a saved transformer: by name, so that later versions can add some. A property's name is part of the file format; a
/// property that is renamed keeps its stored name by an attribute.
/// </summary>
internal static class SavedOptions
{
    public static JsonSerializerOptions Json { get; } = new()
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new MethodByName(), new JsonStringEnumConverter() },
    };

    /// <exception cref="InvalidDataException">An option is unknown here, or not of its type.</exception>
    public static T Read<T>(JsonElement settings)
        where T : class
    {
        try
        {
            return settings.Deserialize<T>(Json) ?? throw new InvalidDataException("The saved options are null.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("The saved options cannot be read; a later version of this library may have saved them. "
                + e.Message, e);
        }
    }

    private sealed class MethodByName : JsonConverter<LikelihoodMethod>
    {
        public override LikelihoodMethod Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            string name = reader.GetString() ?? "";
            return LikelihoodMethod.Names.Contains(name)
                ? LikelihoodMethod.FromName(name)
                : throw new JsonException($"There is no likelihood method '{name}'.");
        }

        public override void Write(Utf8JsonWriter writer, LikelihoodMethod value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.Name);
    }
}
