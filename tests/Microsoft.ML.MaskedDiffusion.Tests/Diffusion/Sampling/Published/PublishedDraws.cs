using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Recorded draws as the library's sampler takes them.</summary>
internal sealed class PublishedDraws : ISamplingDraws
{
    private readonly Dictionary<int, double[]> _positions = [], _tokens = [];
    private readonly PublishedRow _row;
    private readonly int _mask;

    public PublishedDraws(SafetensorsReader reader, string run, PublishedRow row, int mask)
    {
        (_row, _mask) = (row, mask);
        for (int step = 0; step < row.States.Length; step++)
        {
            string positions = $"{run}.rand.{step}", tokens = $"{run}.rand_like.{step}";
            if (reader.TryFind(positions, out _))
                _positions.Add(step, Array.ConvertAll(reader.ReadSingles(positions), draw => (double)draw));
            if (reader.TryFind(tokens, out _))
                _tokens.Add(step, Golden.Doubles(reader, tokens));
        }
    }

    // LLaDA draws a confidence for each position, of which the highest go first; Dream draws for the masked ones what is compared with a
    // probability. The library's smallest draws go first.
    public double OfPosition(int step, int position)
    {
        if (!_positions.TryGetValue(step, out double[]? draws))
            return 0;
        int[] state = _row.States[step];
        return draws.Length == state.Length ? 1 - draws[position] : draws[state.AsSpan(0, position).Count(_mask)];
    }

    public void OfTokens(int step, int position, Span<double> destination) =>
        _tokens[step].AsSpan(position * destination.Length, destination.Length).CopyTo(destination);
}
