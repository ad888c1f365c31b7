namespace Stip.Client.Generation.Beams;

/// <summary>A token that may follow a beam.</summary>
/// <param name="TokenId">Its id.</param>
/// <param name="LogProbability">Of it after the beam, less what penalties take off.</param>
/// <param name="Ends">True where a grammar lets nothing follow it.</param>
internal readonly record struct BeamCandidate(int TokenId, double LogProbability, bool Ends = false);
