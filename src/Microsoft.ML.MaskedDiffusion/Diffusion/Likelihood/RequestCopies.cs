using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// Counts the requests of a sum, because equal ones have the same random numbers: their errors do not cancel out. Of an estimated request
/// it keeps a number of 64 bits and how often it came.
/// </summary>
internal sealed class RequestCopies
{
    private readonly Dictionary<ulong, int> _counts = [];

    /// <summary>What these requests add to the error of the sum of all that have been given so far.</summary>
    public EstimateError Add(IReadOnlyList<LikelihoodRequest> requests, IEnumerable<EstimateError> errors)
    {
        EstimateError sum = default;
        foreach ((LikelihoodRequest request, EstimateError error) in requests.Zip(errors))
        {
            if (error.Variance == 0)
                continue;
            ulong key = ContentKey.Combine(
                request.RandomKey ?? 0, ContentKey.Combine(ContentKey.Of(request.Context), ContentKey.Of(request.Answer)));
            int number = _counts.GetValueOrDefault(key) + 1;
            _counts[key] = number;
            sum += error.OfCopy(number);
        }
        return sum;
    }
}
