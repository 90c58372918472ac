using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion.Transforms;

/// <summary>
/// The checks that the options of all transforms share; messages name the option, its value, what is allowed and what to do.
/// </summary>
internal static class OptionChecks
{
    public static void Require(bool holds, string option, object? value, string allowed) =>
        OptionRange.Require(holds, option, $"Option {option}", value, allowed);

    public static void RequireObject(string option, object? value, string allowed)
    {
        if (value is null)
            throw new ArgumentNullException(option, $"Option {option} is null; it must be {allowed}.");
    }

    public static void RequireBatchSize(int batchSize) =>
        Require(batchSize is >= 1 and <= 1 << 20, "BatchSize", batchSize, "1 to 1048576 rows; it changes speed and memory, not results");

    /// <summary>Every column needs a name, and output columns names of their own.</summary>
    public static void RequireNames(params ReadOnlySpan<(string Option, string? Name)> outputs)
    {
        for (int i = 0; i < outputs.Length; i++)
        {
            RequireName(outputs[i].Option, outputs[i].Name);
            for (int j = 0; j < i; j++)
            {
                if (outputs[i].Name == outputs[j].Name)
                {
                    throw new ArgumentException(
                        $"Options {outputs[j].Option} and {outputs[i].Option} are both '{outputs[i].Name}'; "
                        + "give each output column a name of its own.",
                        outputs[i].Option);
                }
            }
        }
    }

    public static void RequireName(string option, string? name)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            throw new ArgumentException(
                $"Option {option} is {(name is null ? "null" : $"'{name}'")}; it must be the name of a column; "
                + "leave it unset for the default.", option);
        }
    }
}
