namespace Stip.Onnx.Protection.Cut;

/// <summary>What an input of a graph tells the server.</summary>
internal enum InputRole
{
    /// <summary>Masks, positions, lengths: no secret, the server may have them.</summary>
    Public,

    /// <summary>Token ids or the like, which index a table: the user's text.</summary>
    Tokens,

    /// <summary>Pixels, sound, spectra: numbers whose place means something.</summary>
    Signal,

    /// <summary>Hidden states, embeddings, caches: features that are permuted.</summary>
    Features,
}
