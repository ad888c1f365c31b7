namespace Stip.Export.Blocks.Sequences;

/// <summary>Which graph of an encoder and a decoder it is.</summary>
internal enum SequenceRole
{
    /// <summary>From what goes in to its states.</summary>
    Encoder,

    /// <summary>From the states and the first tokens to logits and caches.</summary>
    FirstStep,

    /// <summary>From caches and the next tokens to logits and longer caches.</summary>
    NextSteps,
}
