using System.Text.Json;

namespace Reproduce.Experiments.Common;

/// <summary>What reading a line of JSON throws where a field is missing or has another kind, in words for a message.</summary>
internal static class JsonFault
{
    public static bool Is(Exception error) => error is JsonException or KeyNotFoundException or InvalidOperationException;

    public static string Words(Exception error) => error is KeyNotFoundException ? "a field is missing" : error.Message.TrimEnd('.');
}
