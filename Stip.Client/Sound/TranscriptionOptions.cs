namespace Stip.Client.Sound;

/// <summary>How a sound is written down.</summary>
public sealed record TranscriptionOptions
{
    /// <summary>Language that is spoken: a code (<c>de</c>) or its English name (<c>german</c>). Null (default) for the
    /// one that the model's settings name, else the likeliest by the model's judgement of the first window.</summary>
    public string? Language { get; init; }

    /// <summary>What is written (default: what is said).</summary>
    public SpeechTask Task { get; init; }

    /// <summary>0 (default) for the likeliest tokens; above, tokens are drawn.</summary>
    public float Temperature { get; init; }

    /// <summary>Of the draws; null (default) for others each time.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Whether the model also says when each part is said (<see cref="TranscribedWindow.Segments"/>); Whisper
    /// can. Its text may differ from that without. Each token then costs a full row of logits. Default false.
    /// </summary>
    public bool HasTimes { get; init; }

    /// <summary>Most tokens of each window; null (default) until the decoder has no more room.</summary>
    public int? MaxNewTokens { get; init; }
}
