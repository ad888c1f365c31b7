namespace Stip.Onnx.Protection;

/// <summary>How a package is compared with its plain model.</summary>
public enum VerificationMode
{
    /// <summary><see cref="Full"/> where both models fit into the memory that is free, else
    /// <see cref="Blocks"/>.</summary>
    Auto,

    /// <summary>Both models are loaded as a whole and run side by side.</summary>
    Full,

    /// <summary>Both models are run layer by layer: memory is that of one block.</summary>
    Blocks,

    /// <summary>Nothing is run.</summary>
    None,
}
