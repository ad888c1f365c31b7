namespace Stip.Export.Checkpoints;

/// <summary>What is wanted of a decoder.</summary>
internal enum DecoderEnd
{
    /// <summary>Logits of the next word, step by step, with a cache.</summary>
    NextWord,

    /// <summary>The features of every row of whole texts, in one pass.</summary>
    Rows,

    /// <summary>A logit for each label, for whole texts.</summary>
    Classes,

    /// <summary>A logit for each label, for every row of whole texts.</summary>
    Tokens,

    /// <summary>Where in a text the answer begins and ends.</summary>
    Answer,
}
