namespace Stip.Export.Architectures.Sound;

/// <summary>What a model of raw sound ends in.</summary>
internal enum SoundHead
{
    /// <summary>The features of every frame.</summary>
    Hidden,

    /// <summary>A logit for each letter, at every frame.</summary>
    Letters,

    /// <summary>A logit for each label, for the whole sound.</summary>
    Classes,

    /// <summary>A logit for each label, at every frame.</summary>
    Frames,

    /// <summary>A vector by which voices are compared.</summary>
    Voice,
}
