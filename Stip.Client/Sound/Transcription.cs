namespace Stip.Client.Sound;

/// <summary>What is said in a sound.</summary>
/// <param name="Text">All of it.</param>
/// <param name="Language">Code of the language; null where the model knows none.</param>
/// <param name="Duration">How long the sound is.</param>
/// <param name="Windows">Its parts.</param>
public sealed record Transcription(
    string Text, string? Language, TimeSpan Duration, IReadOnlyList<TranscribedWindow> Windows);
