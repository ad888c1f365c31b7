namespace Stip.Onnx.Protection;

/// <summary>What a protected package is to be.</summary>
/// <param name="Name">Id of the model on the server; null takes the name of the exported model.</param>
/// <param name="Mode">How much is hidden.</param>
/// <param name="Verify">How both graphs are run; a package that differs is refused.</param>
/// <param name="Passphrase">Encrypts the owner's keys at rest; null leaves them in the clear, readable by the owner
/// only.</param>
public sealed record ProtectionOptions(
    string? Name = null,
    ProtectionMode Mode = ProtectionMode.Permutation,
    VerificationMode Verify = VerificationMode.Auto,
    string? Passphrase = null)
{
    /// <summary>How far the server's matrices are rounded once they are permuted (default: not at all).</summary>
    public WeightRounding Rounding { get; init; }

    /// <summary>Folder whose tokenizer and preprocessor files go to the client; null for those beside the
    /// model.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Files for the client, by name, in place of those that the folders have under that name.</summary>
    public IReadOnlyDictionary<string, byte[]> MadeFiles { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>How rows of a graph of another exporter become the vector of a text; null where nothing says it.
    /// </summary>
    public TextVectors? Texts { get; init; }

    /// <summary>First layers of a decoder that stay with the client (default: none).</summary>
    public int ClientLayers { get; init; }

    /// <summary>Most tokens of a source and of an answer, of an encoder and a decoder whose positions are distances
    /// alone; null for what the model's settings say.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Name of the mode in manifests.</summary>
    public string ModeName => Mode == ProtectionMode.None ? "none" : "permutation";
}
