using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>A vector of unknown size, and the index of the first value to take out of it.</summary>
internal sealed class SpreadInput
{
    [ColumnName(CarrierNames.Values)]
    public VBuffer<float> Values { get; set; }

    [ColumnName(CarrierNames.Offset)]
    public int Offset { get; set; }
}

/// <summary>Sixteen values of the vector, each in a column of its own. The column names are part of the file format.</summary>
internal sealed class SpreadRow
{
    public const int Width = 16;

    [ColumnName(Prefix + "0")]
    public float V0 { get; set; }

    [ColumnName(Prefix + "1")]
    public float V1 { get; set; }

    [ColumnName(Prefix + "2")]
    public float V2 { get; set; }

    [ColumnName(Prefix + "3")]
    public float V3 { get; set; }

    [ColumnName(Prefix + "4")]
    public float V4 { get; set; }

    [ColumnName(Prefix + "5")]
    public float V5 { get; set; }

    [ColumnName(Prefix + "6")]
    public float V6 { get; set; }

    [ColumnName(Prefix + "7")]
    public float V7 { get; set; }

    [ColumnName(Prefix + "8")]
    public float V8 { get; set; }

    [ColumnName(Prefix + "9")]
    public float V9 { get; set; }

    [ColumnName(Prefix + "10")]
    public float V10 { get; set; }

    [ColumnName(Prefix + "11")]
    public float V11 { get; set; }

    [ColumnName(Prefix + "12")]
    public float V12 { get; set; }

    [ColumnName(Prefix + "13")]
    public float V13 { get; set; }

    [ColumnName(Prefix + "14")]
    public float V14 { get; set; }

    [ColumnName(Prefix + "15")]
    public float V15 { get; set; }

    private const string Prefix = "__mdm_v";

    public static string Name(int index) => Prefix + index;
}

/// <summary>
/// Takes a vector apart into columns, of which a concatenation then makes a vector again. A loaded custom mapping can only return vectors
/// of unknown size; the concatenation makes one of known size, which ML.NET's evaluators require.
/// </summary>
[CustomMappingFactoryAttribute(CarrierNames.SpreadContract)]
internal sealed class SpreadFactory : CustomMappingFactory<SpreadInput, SpreadRow>
{
    public override Action<SpreadInput, SpreadRow> GetMapping() => Map;

    internal static void Map(SpreadInput input, SpreadRow output)
    {
        output.V0 = At(input, 0);
        output.V1 = At(input, 1);
        output.V2 = At(input, 2);
        output.V3 = At(input, 3);
        output.V4 = At(input, 4);
        output.V5 = At(input, 5);
        output.V6 = At(input, 6);
        output.V7 = At(input, 7);
        output.V8 = At(input, 8);
        output.V9 = At(input, 9);
        output.V10 = At(input, 10);
        output.V11 = At(input, 11);
        output.V12 = At(input, 12);
        output.V13 = At(input, 13);
        output.V14 = At(input, 14);
        output.V15 = At(input, 15);
    }

    private static float At(SpreadInput input, int index)
    {
        index += input.Offset;
        return index < input.Values.Length ? input.Values.GetItemOrDefault(index) : 0;
    }
}
