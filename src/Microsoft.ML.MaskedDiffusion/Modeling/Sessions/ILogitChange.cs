namespace Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

/// <summary>
/// Numbers that are added to a position's logits, whatever those are; minus infinity for what is forbidden. Changes of the same numbers are
/// equal, because a session keeps their numbers on its device.
/// </summary>
internal interface ILogitChange
{
    /// <summary>Adds the numbers to logits [vocabulary].</summary>
    void AddTo(Span<float> logits);
}
