namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>What the second text of a pair has before it, behind the end of the first.</summary>
internal enum PairJoint
{
    /// <summary>What every text begins with.</summary>
    Begin,

    /// <summary>The end once more, where texts have a beginning too (RoBERTa's way).</summary>
    End,

    /// <summary>Nothing.</summary>
    None,
}
