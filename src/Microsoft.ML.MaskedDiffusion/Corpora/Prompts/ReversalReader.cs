using Microsoft.ML.MaskedDiffusion.Corpora.Documents;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Prompts;

/// <summary>Reads the data sets of the reversal curse: prompt and completion are learned as one text.</summary>
internal sealed class ReversalReader : FineTuningReader
{
    private protected override IEnumerable<FineTuningRecord> Records(string path) =>
        JsonLines.Read(path, (row, _) => FineTuningRecord.Of(new FineTuningRow("", "", row.Text("prompt") + row.Text("completion"))));
}
