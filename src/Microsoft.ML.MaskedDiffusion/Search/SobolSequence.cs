namespace Microsoft.ML.MaskedDiffusion.Search;

/// <summary>
/// Points of a Sobol sequence in the unit cube (Sobol', 1967), with the direction numbers "new-joe-kuo-6" of Joe and Kuo (2008). Of the
/// first 2^k points each coordinate has one in every interval of length 2^-k, for every k.
/// </summary>
internal static class SobolSequence
{
    private const int Bits = 32;

    // The polynomial's degree s, its inner coefficients a, and the first s odd numbers m, for the dimensions from the second one on.
    private static readonly (int Coefficients, int[] Start)[] Polynomials =
    [
        (0, [1]), (1, [1, 3]), (1, [1, 3, 1]), (2, [1, 1, 1]), (1, [1, 1, 3, 3]), (4, [1, 3, 5, 13]), (2, [1, 1, 5, 5, 17]),
        (4, [1, 1, 5, 5, 5]), (7, [1, 1, 7, 11, 19]), (11, [1, 1, 5, 1, 1]), (13, [1, 1, 1, 3, 11]), (14, [1, 3, 5, 5, 31]),
        (1, [1, 3, 3, 9, 7, 49]), (13, [1, 1, 1, 15, 21, 21]), (16, [1, 3, 1, 13, 27, 49]), (19, [1, 1, 1, 15, 7, 5]),
        (22, [1, 3, 1, 15, 13, 25]), (25, [1, 1, 5, 5, 19, 61]), (1, [1, 3, 7, 11, 23, 15, 103]), (4, [1, 3, 7, 13, 13, 15, 69]),
    ];

    /// <summary>The most dimensions.</summary>
    public static int MostDimensions => Polynomials.Length + 1;

    /// <summary>A coordinate of a point as a fraction of 2^32.</summary>
    /// <param name="index">The point's number, from 0, whose coordinates are all 0.</param>
    /// <param name="dimension">The coordinate, 0 up to but not <see cref="MostDimensions"/>.</param>
    public static uint Coordinate(uint index, int dimension)
    {
        uint[] directions = Directions(dimension);
        uint result = 0;
        for (int bit = 0; index >> bit != 0; bit++)
        {
            if ((index >> bit & 1) != 0)
                result ^= directions[bit];
        }
        return result;
    }

    // The recurrence of Bratley and Fox (1988), in numbers that are shifted to the left already.
    private static uint[] Directions(int dimension)
    {
        var directions = new uint[Bits];
        if (dimension == 0)
        {
            for (int bit = 0; bit < Bits; bit++)
                directions[bit] = 1u << (Bits - 1 - bit);
            return directions;
        }
        (int coefficients, int[] start) = Polynomials[dimension - 1];
        int degree = start.Length;
        for (int bit = 0; bit < Bits; bit++)
        {
            if (bit < degree)
            {
                directions[bit] = (uint)start[bit] << (Bits - 1 - bit);
                continue;
            }
            uint value = directions[bit - degree] ^ (directions[bit - degree] >> degree);
            for (int k = 1; k < degree; k++)
            {
                if ((coefficients >> (degree - 1 - k) & 1) != 0)
                    value ^= directions[bit - k];
            }
            directions[bit] = value;
        }
        return directions;
    }
}
