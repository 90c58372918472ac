using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>Opens a model in whatever form it was saved.</summary>
internal static class SavedModel
{
    /// <exception cref="ArgumentException">The file holds no language model.</exception>
    public static MaskedDiffusionModel Open(string path, string device)
    {
        if (!path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
            return MaskedDiffusionModel.Load(path, device);
        ITransformer loaded = new MLContext().MaskedDiffusion().LoadModel(path, out _);
        IEnumerable<ITransformer> members = loaded is TransformerChain<ITransformer> chain ? chain : [loaded];
        return members.OfType<LikelihoodScoringTransformer>().FirstOrDefault()?.Model
            ?? throw new ArgumentException(
                $"{path} holds no trained language model: give the zip of a trainer's or ScoreLikelihood's transformer.");
    }
}
