using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Diffusion.Infilling;
using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Transforms;
using Microsoft.ML.MaskedDiffusion.Transforms.Infilling;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How gaps are filled. Checked and copied by the estimator; later changes have no effect.</summary>
public sealed class InfillOptions : ITransformOptions
{
    /// <summary>
    /// The text column with gaps: [MASK] is a gap of one token, [MASK*5] one of five, [MASK*2-8] one of two to eight, [MASK*] one of 1 to
    /// <see cref="MaxGapLength"/>; \[MASK] is plain text. Default "Text".
    /// </summary>
    [JsonPropertyName("InputColumnName")]
    public string InputColumnName { get; set; } = "Text";

    /// <summary>The column of the texts without gaps. Default "Filled".</summary>
    [JsonPropertyName("OutputColumnName")]
    public string OutputColumnName { get; set; } = "Filled";

    /// <summary>How tokens are chosen. Default: the most confident first, greedily.</summary>
    [JsonPropertyName("Sampling")]
    public SamplingOptions Sampling { get; set; } = new();

    /// <summary>The most tokens of a gap [MASK*], 1 to <see cref="GapOptions.LargestMaxGapLength"/>. Default 8.</summary>
    [JsonPropertyName("MaxGapLength")]
    [OmittedAtDefault]
    public int MaxGapLength { get; set; } = GapOptions.DefaultMaxGapLength;

    /// <summary>
    /// How gaps of unknown length get their lengths; see <see cref="GapOptions.LengthMethod"/>. Default
    /// <see cref="GapLengthMethod.Likelihood"/>.
    /// </summary>
    [JsonPropertyName("LengthMethod")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public GapLengthMethod LengthMethod { get; set; } = GapLengthMethod.Likelihood;

    /// <summary>
    /// How much the log-probability of a gap's filling counts beside that of the text around it when a length is chosen, 0 to 1; see
    /// <see cref="GapOptions.FillingWeight"/>. Default 0.25.
    /// </summary>
    [JsonPropertyName("FillingWeight")]
    [OmittedAtDefault]
    public double FillingWeight { get; set; } = GapOptions.DefaultFillingWeight;

    /// <summary>
    /// Texts of which the most probable one is written into each gap, as it is: at least one, none empty, not all equal. They may have
    /// different numbers of tokens. Gaps are settled one after the other, from left to right; what a gap says of its length only matters
    /// while those before it are settled, when it is masked. <see cref="Sampling"/> is not used. Default null: the model writes.
    /// </summary>
    [JsonPropertyName("Candidates")]
    [OmittedAtDefault]
    public IReadOnlyList<string>? Candidates { get; set; }

    /// <summary>
    /// The column of each row's own candidates, a vector of texts, instead of <see cref="Candidates"/>; empty ones are not there. A row
    /// with gaps and without candidates, or with only equal ones, is invalid. Default null.
    /// </summary>
    [JsonPropertyName("CandidatesColumnName")]
    [OmittedAtDefault]
    public string? CandidatesColumnName { get; set; }

    /// <summary>
    /// Draws of each row, 1 to <see cref="GapOptions.LargestSamples"/>. More than 1 need something that is drawn, as for
    /// <see cref="GapOptions.Samples"/>, a <see cref="SamplesColumnName"/> or <see cref="SampleLogProbabilitiesColumnName"/>, and no
    /// candidates. The first draw is the one that a single one would be. Default 1.
    /// </summary>
    [JsonPropertyName("Samples")]
    [OmittedAtDefault]
    public int Samples { get; set; } = 1;

    /// <summary>
    /// The column of the filled text's log-probability, nats: the sum over the gaps' tokens of log p at the moment when each was chosen, 0
    /// where a text has no gaps and NaN where it could not be filled. Default null: no such column.
    /// </summary>
    [JsonPropertyName("LogProbabilityColumnName")]
    [OmittedAtDefault]
    public string? LogProbabilityColumnName { get; set; }

    /// <summary>
    /// The column of all draws, a vector of <see cref="Samples"/> texts; <see cref="OutputColumnName"/> has the first. Default null.
    /// </summary>
    [JsonPropertyName("SamplesColumnName")]
    [OmittedAtDefault]
    public string? SamplesColumnName { get; set; }

    /// <summary>The column of the log-probabilities of all draws, a vector of Single, nats. Default null.</summary>
    [JsonPropertyName("SampleLogProbabilitiesColumnName")]
    [OmittedAtDefault]
    public string? SampleLogProbabilitiesColumnName { get; set; }

    /// <summary>
    /// What to do with a text that is longer than the model's context, has a gap of an impossible size, or has no candidates to choose
    /// from. Default <see cref="InvalidRows.Throw"/>: the message names the column and, where a view is read, the row. Under
    /// <see cref="InvalidRows.Skip"/> the text stays as it is, gaps included, and <see cref="ErrorColumnName"/> can say why.
    /// </summary>
    [JsonPropertyName("InvalidRows")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public InvalidRows InvalidRows { get; set; } = InvalidRows.Throw;

    /// <summary>
    /// The text column that says why a row was left as it is, empty where it was filled; needs <see cref="InvalidRows.Skip"/>. Default
    /// null: no such column.
    /// </summary>
    [JsonPropertyName("ErrorColumnName")]
    [OmittedAtDefault]
    public string? ErrorColumnName { get; set; }

    /// <summary>Rows read ahead and filled together, 1 to 1048576. Default 32. Changes speed and memory, not results.</summary>
    [JsonPropertyName("BatchSize")]
    public int BatchSize { get; set; } = 32;

    /// <summary>Stops filling with <see cref="OperationCanceledException"/>. Not saved.</summary>
    [JsonIgnore]
    public CancellationToken CancellationToken { get; set; }

    /// <summary>Told after each batch of a pass over the data; not by prediction engines. Not saved. Default null.</summary>
    [JsonIgnore]
    public IProgress<ScoringProgress>? Progress { get; set; }

    /// <summary>How gaps are settled, as the infiller takes it.</summary>
    internal GapOptions Gaps => new()
    {
        MaxGapLength = MaxGapLength, LengthMethod = LengthMethod, FillingWeight = FillingWeight, Samples = Samples,
        InvalidRows = InvalidRows,
    };

    internal InfillOptions Clone()
    {
        OptionCheck.RequireColumnName(InputColumnName);
        InfillColumns.Table.CheckNames(this);
        OptionCheck.RequireTextOrNull(CandidatesColumnName, nameof(CandidatesColumnName), "the name of a column");
        OptionCheck.Require(ErrorColumnName is null || InvalidRows == InvalidRows.Skip, nameof(ErrorColumnName), ErrorColumnName,
            "null unless InvalidRows is Skip");
        OptionCheck.RequireBatchSize(BatchSize);
        OptionCheck.RequireObject(Sampling, nameof(Sampling), "a SamplingOptions; leave it unset for the default");
        SamplingOptions sampling = Sampling.Clone();
        OptionCheck.Require(!sampling.SharesStepsAmongRows, "Sampling.SharesStepsAmongRows", true,
            "false in a transform, whose rows do not depend on each other; Infiller can do it");
        _ = Gaps.Clone(sampling);
        CheckSamples();
        CheckCandidates();
        var copy = (InfillOptions)MemberwiseClone();
        copy.Sampling = sampling;
        copy.Candidates = Candidates is null ? null : [.. Candidates];
        return copy;
    }

    private void CheckSamples()
    {
        bool hasCandidates = Candidates is not null || CandidatesColumnName is not null;
        bool hasColumn = SamplesColumnName is not null || SampleLogProbabilitiesColumnName is not null;
        OptionCheck.Require(Samples == 1 || !hasCandidates, nameof(Samples), Samples, "1 where there are candidates to choose from");
        OptionCheck.Require(Samples == 1 || hasColumn, nameof(Samples), Samples,
            "1 without a SamplesColumnName or SampleLogProbabilitiesColumnName");
    }

    private void CheckCandidates()
    {
        OptionCheck.Require(CandidatesColumnName is null || Candidates is null, nameof(CandidatesColumnName), CandidatesColumnName,
            "null where Candidates are given");
        if (Candidates is not null && CandidateTexts.Fault(Candidates) is { } fault)
            throw new ArgumentException($"Option {nameof(Candidates)} {fault}; it must be texts that differ, or null.", nameof(Candidates));
        if (Candidates?.Any(string.IsNullOrEmpty) == true)
            throw new ArgumentException($"Option {nameof(Candidates)} has an empty text; each must be a text.", nameof(Candidates));
    }
}
