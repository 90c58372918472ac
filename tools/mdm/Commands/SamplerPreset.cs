using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>Samplers by their published names.</summary>
internal enum SamplerPreset
{
    /// <summary>SMDM's ancestral sampler.</summary>
    Smdm,

    /// <summary>SMDM's most confident first.</summary>
    SmdmGreedy,

    /// <summary>LLaDA's.</summary>
    LLaDA,

    /// <summary>dLLM's, for A2D and ModernBERT models.</summary>
    DLLM,

    /// <summary>Dream's.</summary>
    Dream,

    /// <summary>Fast-dLLM's.</summary>
    FastDLLM,

    /// <summary>ReMDM's with a cap.</summary>
    ReMDM,

    /// <summary>The EB-Sampler's.</summary>
    EntropyBound,
}

/// <summary>The options of the presets.</summary>
internal static class SamplerPresets
{
    /// <summary>New options of a preset.</summary>
    public static SamplingOptions Options(this SamplerPreset preset) => preset switch
    {
        SamplerPreset.Smdm => SamplingPresets.Smdm,
        SamplerPreset.SmdmGreedy => SamplingPresets.SmdmGreedy,
        SamplerPreset.LLaDA => SamplingPresets.LLaDA,
        SamplerPreset.DLLM => SamplingPresets.DLLM,
        SamplerPreset.Dream => SamplingPresets.Dream,
        SamplerPreset.FastDLLM => SamplingPresets.FastDLLM,
        SamplerPreset.ReMDM => SamplingPresets.ReMDM,
        SamplerPreset.EntropyBound => SamplingPresets.EntropyBound,
        _ => throw new ArgumentOutOfRangeException(nameof(preset), preset, null),
    };
}
