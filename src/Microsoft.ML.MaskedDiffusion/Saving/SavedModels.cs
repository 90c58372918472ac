using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Transforms.Choices;
using Microsoft.ML.MaskedDiffusion.Transforms.Generation;
using Microsoft.ML.MaskedDiffusion.Transforms.Infilling;
using Microsoft.ML.MaskedDiffusion.Transforms.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Saving;

/// <summary>
/// A computation built from saved data, and its share in the model that it may have in common with others of the same data.
/// </summary>
internal sealed record LoadedComputation<T>(T Computation, ModelLease Lease);

/// <summary>Builds computations and transformers from the contents of carriers.</summary>
internal static class SavedModels
{
    /// <summary>Bytes of a saved model, near enough: its weights.</summary>
    public static long EstimatedLength(MaskedDiffusionModel model) => MemoryDemand.WeightBytes(model.Config, model.Network.Type);

    /// <summary>Builds a computation over the carried model.</summary>
    /// <exception cref="InvalidDataException">The contents are of another kind, or damaged.</exception>
    public static LoadedComputation<T> Load<T>(CarrierContents contents, string kind, Func<MaskedDiffusionModel, T> build)
    {
        if (contents.Header.Kind != kind)
        {
            throw new InvalidDataException(
                $"The saved model is damaged: a {kind} mapping came with the data of a {contents.Header.Kind} transform.");
        }
        ModelLease lease = ModelLease.Acquire(contents.Header.Sha256, () => MaskedDiffusionModel.Load(contents.Body));
        try
        {
            return new LoadedComputation<T>(build(lease.Model), lease);
        }
        catch (ArgumentException e)
        {
            lease.Dispose();
            throw new InvalidDataException($"The saved {kind} options do not fit the saved model: {e.Message}", e);
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>Replaces carriers, at any depth of chains, by the batched transformers they carry; other transformers stay.</summary>
    public static ITransformer Unwrap(ITransformer transformer, CarrierLocation? location)
    {
        if (CarrierReader.IsCarrier(transformer))
        {
            using CarrierContents contents = CarrierReader.Read(transformer, location);
            return Build(contents);
        }
        if (transformer is not Data.TransformerChain<ITransformer> chain)
            return transformer;
        ITransformer[] members = [.. chain], unwrapped = [.. members.Select(member => Unwrap(member, location))];
        return members.SequenceEqual(unwrapped) ? chain : new Data.TransformerChain<ITransformer>(unwrapped);
    }

    private static ITransformer Build(CarrierContents contents)
    {
        switch (contents.Header.Kind)
        {
            case LikelihoodMapping.Kind:
                LoadedComputation<LikelihoodComputation> likelihood = LikelihoodMapping.Instance.Load(contents);
                return new LikelihoodScoringTransformer(likelihood.Computation, likelihood.Lease);
            case ChoiceMapping.Kind:
                LoadedComputation<ChoiceComputation> choices = ChoiceMapping.Instance.Load(contents);
                return new ChoiceScoringTransformer(choices.Computation, choices.Lease);
            case GroupedChoiceMapping.Kind:
                LoadedComputation<GroupedChoiceComputation> grouped = GroupedChoiceMapping.Instance.Load(contents);
                return new GroupedChoiceScoringTransformer(grouped.Computation, grouped.Lease);
            case InfillMapping.Kind:
                LoadedComputation<InfillComputation> infill = InfillMapping.Instance.Load(contents);
                return new InfillTransformer(infill.Computation, infill.Lease);
            case TextGenerationMapping.Kind:
                LoadedComputation<TextGenerationComputation> generation = TextGenerationMapping.Instance.Load(contents);
                return new TextGenerationTransformer(generation.Computation, generation.Lease);
            default:
                throw new InvalidDataException(
                    $"The saved model is a '{contents.Header.Kind}' transform, which this version does not know. "
                    + LibraryVersion.Remedy(contents.Header.Library));
        }
    }
}
