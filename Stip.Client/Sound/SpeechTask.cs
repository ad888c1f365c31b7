namespace Stip.Client.Sound;

/// <summary>What is written of a sound.</summary>
public enum SpeechTask
{
    /// <summary>What is said, in its own language.</summary>
    Transcribe,

    /// <summary>What is said, in English.</summary>
    Translate,
}
