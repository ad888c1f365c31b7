namespace Stip.Export.Architectures.Vision;

/// <summary>What a vision encoder ends in.</summary>
internal enum VisionHead
{
    /// <summary>The features of every patch and of the whole image.</summary>
    Hidden,

    /// <summary>A logit for each label.</summary>
    Classes,

    /// <summary>A logit for each visual word at every patch.</summary>
    Patches,

    /// <summary>A logit for each label at every place of the image.</summary>
    Map,

    /// <summary>A logit for each label, the mean of two classifiers'.</summary>
    TwoClassifiers,

    /// <summary>The whole image in the space that it shares with texts.</summary>
    Projected,
}
