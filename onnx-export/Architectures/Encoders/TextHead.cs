namespace Stip.Export.Architectures.Encoders;

/// <summary>What a text encoder ends in.</summary>
internal enum TextHead
{
    /// <summary>The features of every row.</summary>
    Hidden,

    /// <summary>A logit for each word, at every row.</summary>
    MaskedWords,

    /// <summary>A logit for each label, for the whole text.</summary>
    Classes,

    /// <summary>One logit for the whole text, to be compared with those of other choices.</summary>
    Choice,

    /// <summary>A logit each for a second sentence that follows the first, and for one that does not.</summary>
    NextSentence,

    /// <summary>A logit for each label, at every row.</summary>
    Tokens,

    /// <summary>A logit at every row: that its token is not the text's own.</summary>
    Replaced,

    /// <summary>Where the answer to a question begins and ends.</summary>
    Answer,
}
