using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion.Saving;

/// <summary>Options as JSON in a saved transformer: by name, so that later versions can add some.</summary>
internal static class SavedOptions
{
    public static JsonSerializerOptions Json { get; } = new()
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new EstimatorByName(), new JsonStringEnumConverter() },
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
            throw new InvalidDataException("The saved options cannot be read; a later version of this library may have saved them. " + e.Message, e);
        }
    }

    private sealed class EstimatorByName : JsonConverter<LikelihoodEstimator>
    {
        public override LikelihoodEstimator Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            string name = reader.GetString() ?? "";
            return LikelihoodEstimator.Names.Contains(name) ? LikelihoodEstimator.FromName(name) : throw new JsonException($"There is no likelihood estimator '{name}'.");
        }

        public override void Write(Utf8JsonWriter writer, LikelihoodEstimator value, JsonSerializerOptions options) => writer.WriteStringValue(value.Name);
    }
}
