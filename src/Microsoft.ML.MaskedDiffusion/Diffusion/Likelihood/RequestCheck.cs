using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>Refuses requests that a model cannot look at.</summary>
internal static class RequestCheck
{
    public static void Fits(LikelihoodRequest request, IRowEvaluator evaluator)
    {
        int context = request.Context.Length, answer = request.Answer.Length;
        if (context + answer > evaluator.ContextLength)
        {
            throw new ArgumentException(
                $"A context of {context} tokens and an answer of {answer} make {context + answer}; the model sees at most {evaluator.ContextLength}. " +
                "Shorten the context, or score the text in windows.");
        }
        foreach (int id in request.Context)
        {
            if (id < 0 || id > evaluator.MaskTokenId)
                throw new ArgumentException($"Token id {id} of the context is outside 0 to {evaluator.MaskTokenId}; it was made by another tokenizer than the model's.");
        }
        foreach (int id in request.Answer)
        {
            if (id < 0 || id >= evaluator.VocabularySize)
            {
                throw new ArgumentException(
                    $"Token id {id} of the answer is outside 0 to {evaluator.VocabularySize - 1}; the mask token has no likelihood, and other ids come from another tokenizer.");
            }
        }
    }
}
