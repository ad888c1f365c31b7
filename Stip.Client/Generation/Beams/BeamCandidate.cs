namespace Stip.Client.Generation.Beams;

/// <summary>A token that may follow a beam.</summary>
/// <param name="TokenId">Its id.</param>
/// <param name="LogProbability">Of it after the beam.</param>
internal readonly record struct BeamCandidate(int TokenId, double LogProbability);
