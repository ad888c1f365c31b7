namespace Stip.Client.Generation.Beams;

/// <summary>When a beam search that has as many finished answers as beams ends: <c>early_stopping</c> of transformers.
/// </summary>
public enum BeamStopping
{
    /// <summary><c>false</c>: once the best answer under way, were it to end now, is worse than every finished one. The
    /// default there.</summary>
    Heuristic,

    /// <summary><c>true</c>: at once.</summary>
    First,

    /// <summary><c>"never"</c>: as <see cref="Heuristic"/>, but with a positive length penalty the answers under way
    /// count by the longest that they can become.</summary>
    Never,
}
