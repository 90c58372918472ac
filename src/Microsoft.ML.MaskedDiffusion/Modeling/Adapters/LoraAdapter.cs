using Microsoft.ML.MaskedDiffusion.Modeling.Adapters;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// What a training with <see cref="TrainerOptions.Lora"/> has learned: for each adapted linear layer of weight W [outputs, inputs] two
/// factors A [r, inputs] and B [outputs, r], which make it W + (alpha / r) B A (LoRA: Hu et al., 2021, section 4.1). It is saved by itself
/// in the files of PEFT, and merged into a model with <see cref="MaskedDiffusionModel.Merge"/>. Immutable, held in managed memory, and safe
/// to use from several threads.
/// </summary>
public sealed class LoraAdapter
{
    internal const int HighestRank = 1 << 14;

    internal LoraAdapter(int rank, double alpha, IReadOnlyList<string> targets, IReadOnlyList<LoraFactors> factors, string? taskType)
    {
        (Rank, Alpha, Factors, TaskType) = (rank, alpha, factors, taskType);
        Targets = Array.AsReadOnly([.. targets]);
        LayerNames = Array.AsReadOnly([.. factors.Select(layer => layer.Name)]);
    }

    /// <summary>The rank r of each update.</summary>
    public int Rank { get; }

    /// <summary>The numerator alpha of the updates' factor alpha / r.</summary>
    public double Alpha { get; }

    /// <summary>Names of layers, or ends of them, that name the adapted layers; PEFT's target_modules.</summary>
    public IReadOnlyList<string> Targets { get; }

    /// <summary>
    /// The full names of the adapted layers, such as <c>transformer.h.0.attn.attn</c> or <c>model.layers.0.self_attn.q_proj</c>.
    /// </summary>
    public IReadOnlyList<string> LayerNames { get; }

    /// <summary>The numbers in all factors.</summary>
    public long ParameterCount => Factors.Sum(layer => (long)layer.A.Length + layer.B.Length);

    internal IReadOnlyList<LoraFactors> Factors { get; }

    /// <summary>PEFT's name of what the model does; null for none.</summary>
    internal string? TaskType { get; }

    /// <summary>
    /// Loads an adapter from the files of PEFT: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>. Variants of LoRA that
    /// change more than W + s B A (DoRA, trained biases, layers saved whole, ranks that differ) are refused by name.
    /// </summary>
    /// <param name="folder">A folder that <see cref="Save"/> or PEFT's <c>save_pretrained</c> wrote.</param>
    /// <exception cref="FileNotFoundException">One of the two files is not there.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or the adapter is of another kind; the message says in what.</exception>
    public static LoraAdapter Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return AdapterReader.Read(folder);
    }

    /// <summary>
    /// Saves the adapter alone in the files of PEFT, <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>. PEFT reads it where
    /// the layers have the names of the published model, which is so for a model that was loaded from the hub's files
    /// (docs/fine-tuning.md, "LoRA").
    /// </summary>
    /// <param name="folder">A new or empty folder; one that holds something is never replaced.</param>
    /// <exception cref="IOException">The disk is full or read-only, or the folder holds something; nothing has changed then.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        AdapterWriter.Write(this, folder);
    }
}
