namespace Stip.Client.Generation.Choices;

/// <summary>One token of one of several answers to a prompt.</summary>
/// <param name="Choice">Which answer, counted from 0.</param>
/// <param name="Token">Its token.</param>
public readonly record struct ChoiceToken(int Choice, GeneratedToken Token);
