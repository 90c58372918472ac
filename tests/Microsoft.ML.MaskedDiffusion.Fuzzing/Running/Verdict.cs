namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Running;

/// <summary>What became of a mutant.</summary>
/// <param name="Index">The mutant's number.</param>
/// <param name="Outcome">"loaded", or the type of the error.</param>
/// <param name="Failure">What a mutant must not do and this one did; null if it behaved.</param>
/// <param name="Seconds">The time of the processor that it took to open.</param>
/// <param name="Bytes">The memory that it took: what was allocated in all, or the growth of the process if that was more.</param>
/// <param name="Message">What the error said.</param>
internal sealed record Verdict(int Index, string Outcome, string? Failure, double Seconds, long Bytes, string? Message);
