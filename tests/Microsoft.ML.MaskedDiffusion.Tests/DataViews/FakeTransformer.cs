using System.Text;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A transformer over the fake computation, carried with a body of the test's choice that is added to every length.</summary>
internal sealed class FakeTransformer(FakeComputation computation, byte[]? body = null) : ITransformer
{
    public const string Kind = "fake";

    private readonly BatchedTransform<string, FakeComputation.Result> _batched = new(computation);

    public FakeComputation Computation => computation;

    bool ITransformer.IsRowToRowMapper => true;

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => _batched.GetOutputSchema(inputSchema);

    public IDataView Transform(IDataView input) => _batched.Transform(input);

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => _batched.GetRowToRowMapper(inputSchema);

    void ICanSaveModel.Save(ModelSaveContext ctx) => ((ICanSaveModel)CarrierWriter.Build(Plan())).Save(ctx);

    public CarrierPlan Plan() => new()
    {
        Kind = Kind,
        Settings = JsonSerializer.SerializeToElement(new { Suffix = "!" }),
        WriteBody = stream => stream.Write(body ?? Encoding.UTF8.GetBytes("body")),
        EstimatedLength = body?.Length ?? 4,
        Inputs = [(computation.Inputs[0], "__mdm_text")],
        Outputs =
        [
            new CarrierOutput.Plain("__mdm_length", "Length"),
            new CarrierOutput.Plain("__mdm_upper", "Upper"),
            new CarrierOutput.Vector("__mdm_codes", "Codes", 2),
            new CarrierOutput.Key("__mdm_parity", "Parity", 2),
            new CarrierOutput.Plain("__mdm_half", "Half"),
        ],
        Score = ml => ml.Transforms.CustomMapping<FakeInput, FakeOutput>(new FakeFactory().GetMapping(), FakeFactory.Contract),
    };
}

internal sealed class FakeInput
{
    [ColumnName(CarrierNames.Blob)]
    public VBuffer<ReadOnlyMemory<char>> Blob { get; set; }

    [ColumnName("__mdm_text")]
    public ReadOnlyMemory<char> Text { get; set; }
}

internal sealed class FakeOutput
{
    [ColumnName("__mdm_length")]
    public int Length { get; set; }

    [ColumnName("__mdm_upper")]
    public string Upper { get; set; } = "";

    [ColumnName("__mdm_codes")]
    public float[] Codes { get; set; } = [];

    [ColumnName("__mdm_parity")]
    public int Parity { get; set; }

    [ColumnName("__mdm_half")]
    public float Half { get; set; }
}

[CustomMappingFactoryAttribute(Contract)]
internal sealed class FakeFactory : CustomMappingFactory<FakeInput, FakeOutput>
{
    public const string Contract = "Microsoft.ML.MaskedDiffusion.Tests.Fake";

    // How often a body was decoded, by its text.
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> Decoded = new();

    public static int DecodedTimes(string body) => Decoded.GetValueOrDefault(body);

    public override Action<FakeInput, FakeOutput> GetMapping()
    {
        var session = new CarrierSession<string>(contents =>
        {
            using var reader = new StreamReader(contents.Body);
            string body = reader.ReadToEnd();
            Decoded.AddOrUpdate(body, 1, (_, count) => count + 1);
            return body;
        });
        return (input, output) =>
        {
            session.Get(input.Blob);
            FakeComputation.Result result = FakeComputation.Of(input.Text.ToString());
            output.Length = result.Length;
            output.Upper = result.Text.ToUpperInvariant();
            output.Codes = result.Codes;
            output.Parity = result.Length % 2 + 1;
            output.Half = result.Length / 2f;
        };
    }
}
