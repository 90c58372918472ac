using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mdm.Settings;

/// <summary>Writes values that have names, such as a sampling order, as their names.</summary>
internal sealed class NamedValueConverter : JsonConverterFactory
{
    /// <inheritdoc/>
    public override bool CanConvert(Type typeToConvert) => DataTypes.FromName(typeToConvert) is not null;

    /// <inheritdoc/>
    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Converter<>).MakeGenericType(typeToConvert))!;

    private sealed class Converter<T> : JsonConverter<T>
        where T : class
    {
        private static readonly PropertyInfo Name = typeof(T).GetProperty("Name")!;
        private static readonly Func<string, T> FromName = DataTypes.FromName(typeof(T))!.CreateDelegate<Func<string, T>>();

        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String ? FromName(reader.GetString()!) : throw new JsonException("A name is a text.");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            writer.WriteStringValue((string)Name.GetValue(value)!);
    }
}
