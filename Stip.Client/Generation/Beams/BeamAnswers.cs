namespace Stip.Client.Generation.Beams;

/// <summary>What a beam search found.</summary>
/// <param name="Answers">Best first.</param>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="Usage">What all its sessions cost. They run at once: their round trips together are longer than the
/// search.</param>
public sealed record BeamAnswers(IReadOnlyList<BeamAnswer> Answers, int PromptTokens, SessionUsage Usage);
