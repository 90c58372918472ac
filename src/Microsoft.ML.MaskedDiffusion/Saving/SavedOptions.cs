using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;

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
        Converters =
        {
            new ByName<LikelihoodMethod>(method => method.Name, LikelihoodMethod.FromName, IsSame),
            new ByName<SamplingOrder>(order => order.Name, SamplingOrder.FromName),
            new ByName<TokensPerStep>(rule => rule.Name, TokensPerStep.FromName),
            new ByName<Remasking>(rule => rule.Name, Remasking.FromName),
            new ByName<SamplingCache>(cache => cache.Name, SamplingCache.FromName),
            new JsonStringEnumConverter(),
        },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutDefaults } },
    };

    /// <exception cref="InvalidDataException">An option is unknown here, or not of its type.</exception>
    public static T Read<T>(CarrierHeader header)
        where T : class
    {
        try
        {
            return header.Settings.Deserialize<T>(Json) ?? throw new InvalidDataException(
                $"The saved options of the {header.Kind} transform are the word null, which no version of this library writes. Save the "
                + "model again, or fetch an intact copy.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"The saved options of the {header.Kind} transform cannot be read; a later version of this library may have saved them. "
                + $"{LibraryVersion.Remedy(header.Library)} {e.Message}", e);
        }
    }

    // A property that was added later is not written where it has its default, so that older versions read the file.
    private static void LeaveOutDefaults(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties)
        {
            if (property.AttributeProvider?.IsDefined(typeof(OmittedAtDefaultAttribute), inherit: false) != true)
                continue;
            object? unset = property.Get!(Activator.CreateInstance(type.Type)!);
            property.ShouldSerialize = (_, value) => !Equals(value, unset);
        }
    }

    // A sampler's method may hold an order or a rule of the user's own under one of our names.
    private static bool IsSame(LikelihoodMethod one, LikelihoodMethod other) =>
        one is SamplerMethod method ? method.IsSameAs(other) : one == other;

    /// <summary>Values that a file holds by their names.</summary>
    private sealed class ByName<T>(Func<T, string> nameOf, Func<string, T> fromName, Func<T, T, bool>? isSame = null) : JsonConverter<T>
        where T : class
    {
        private readonly Func<T, T, bool> _isSame = isSame ?? ((one, other) => one.GetType() == other.GetType());

        public override bool CanConvert(Type typeToConvert) => typeof(T).IsAssignableFrom(typeToConvert);

        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            try
            {
                return fromName(reader.GetString() ?? "");
            }
            catch (ArgumentException e)
            {
                throw new JsonException(e.Message, e);
            }
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
        {
            string name = nameOf(value);
            try
            {
                if (_isSame(fromName(name), value))
                {
                    writer.WriteStringValue(name);
                    return;
                }
            }
            catch (ArgumentException)
            {
                // It is none of ours.
            }
            throw new NotSupportedException($"'{name}' is a {typeof(T).Name} of your own ({value.GetType()}), which a saved file cannot "
                + "hold. Save the model alone, and make the transformer anew after loading it.");
        }
    }
}
