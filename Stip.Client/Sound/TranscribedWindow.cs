namespace Stip.Client.Sound;

/// <summary>What is said in one part of a sound.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Language">Code of the language; null where the model knows none.</param>
/// <param name="Text">What is said; it goes on where that of the window before ends, and begins with a space where the
/// language has them.</param>
/// <param name="TokenIds">Its tokens, without those that the decoder begins with and without the last, which ends
/// it.</param>
public sealed record TranscribedWindow(
    TimeSpan Start, TimeSpan End, string? Language, string Text, IReadOnlyList<int> TokenIds)
{
    /// <summary>Its parts with their times; none where no times were asked for.</summary>
    public IReadOnlyList<TranscribedSegment> Segments { get; init; } = [];
}
