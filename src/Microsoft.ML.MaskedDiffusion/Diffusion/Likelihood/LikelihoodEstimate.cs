namespace Microsoft.ML.MaskedDiffusion;

/// <summary>An estimate of log p(answer | context).</summary>
/// <param name="LogLikelihood">The estimate in nats, summed over the answer's tokens. For a masked diffusion model this is its variational lower bound.</param>
/// <param name="StandardError">Standard error of the estimate in nats; 0 where it is exact.</param>
/// <param name="TokenCount">Tokens in the answer.</param>
/// <param name="NetworkRows">Sequences the network had to look at for this request alone (guidance counts double, repeated masks once).</param>
public readonly record struct LikelihoodEstimate(double LogLikelihood, double StandardError, int TokenCount, int NetworkRows);
