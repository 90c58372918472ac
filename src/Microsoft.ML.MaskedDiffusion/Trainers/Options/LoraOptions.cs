using Microsoft.ML.MaskedDiffusion.Modeling.Adapters;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Low-rank adapters (LoRA: Hu et al., 2021): of each adapted linear layer of weight W [outputs, inputs] only two factors A [r, inputs] and
/// B [outputs, r] are trained, which make it W + (alpha / r) B A (section 4.1). A begins uniform in +-1 / sqrt(inputs), as PEFT's does, and
/// B at zero, so that the training begins with the model as it is. All other weights stay as they are, bit for bit. Learning rates are
/// usually higher than those for all weights, such as 1e-4 to 1e-3.
/// </summary>
public sealed class LoraOptions
{
    /// <summary>The rank r of the updates, 1 to 16,384. Default 8.</summary>
    public int Rank { get; set; } = 8;

    /// <summary>The numerator alpha of the updates' factor alpha / r, above 0 and finite. Default 16.</summary>
    public double Alpha { get; set; } = 16;

    /// <summary>
    /// The linear layers to adapt, at least one target. A target is a group ("attention": queries, keys, values and the projection back;
    /// "feed-forward"; "all-linear": all but the output layer, as in PEFT), the full name of a layer, or the end of one behind a dot.
    /// Layers have this library's names ("attn.attn", which is the fused projection to queries, keys and values, "attn.proj",
    /// "swiglu.w1", "lm_head") or those of a published family ("q_proj", "o_proj", "gate_proj"), but all targets those of one. The groups
    /// of a model that was loaded from the hub's files are of its family, whose names PEFT knows; otherwise of this library.
    /// Default: "attention" and "feed-forward".
    /// </summary>
    public IReadOnlyList<string> Targets { get; set; } = [LayerNaming.Attention, LayerNaming.FeedForward];

    internal LoraOptions Clone()
    {
        var copy = (LoraOptions)MemberwiseClone();
        copy.Targets = Targets is null ? null! : [.. Targets];
        return copy;
    }

    internal void Check(MaskedDiffusionModel? model)
    {
        const string Group = nameof(TrainerOptions.Lora) + ".";
        OptionCheck.Require(Rank is >= 1 and <= LoraAdapter.HighestRank, Group + nameof(Rank), Rank,
            $"1 to {LoraAdapter.HighestRank}");
        OptionCheck.Require(Alpha > 0 && double.IsFinite(Alpha), Group + nameof(Alpha), Alpha, "above 0 and finite, such as 2 x Rank");
        const string Allowed = "names of layers or groups of them, such as \"attention\" and \"feed-forward\"";
        OptionCheck.RequireObject(Targets, Group + nameof(Targets), Allowed);
        OptionCheck.Require(Targets.Count > 0, Group + nameof(Targets), "empty", Allowed);
        foreach (string target in Targets)
            OptionCheck.RequireText(target, Group + nameof(Targets), Allowed);
        OptionCheck.Require(model is not null, nameof(TrainerOptions.Lora), "set",
            "null without an InitialModel: an adapter changes weights that are there");
        if (LayerNaming.Find(model!.Config, model.Family, Targets) is null)
        {
            LayerNaming own = LayerNaming.Of(model.Config, model.Family).First();
            OptionCheck.Require(false, Group + nameof(Targets), string.Join(", ", Targets),
                $"{LayerNaming.Attention}, {LayerNaming.FeedForward}, {LayerNaming.AllLinear}, or names of the network's layers, all of "
                + $"them of one naming: its own are {string.Join(", ", own.TargetsOf(own.Layers))}");
        }
    }
}
