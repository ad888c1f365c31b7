using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary>A layer that follows the pooling of a sentence-transformers folder (its module <c>Dense</c>).</summary>
/// <param name="Folder">Where its config.json and its tensors are.</param>
/// <param name="Inputs">Features of what comes in.</param>
/// <param name="Outputs">Features of what it gives.</param>
/// <param name="HasBias">True where it has a bias.</param>
/// <param name="Activation">Function after it, null for none.</param>
internal sealed record SentenceLayer(string Folder, int Inputs, int Outputs, bool HasBias, string? Activation)
{
    // Names of torch's classes.
    private static readonly (string Class, string? Activation)[] Functions =
        [("Identity", null), ("Tanh", "tanh"), ("ReLU", "relu"), ("GELU", "gelu"), ("SiLU", "silu")];

    private const string Vector = "sentence_embedding";

    /// <summary>True where what comes in is added to what it gives, through a matrix where the two differ in
    /// width.</summary>
    public bool HasResidual { get; private init; }

    /// <summary>Reads the folder of the module.</summary>
    public static SentenceLayer Read(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        var config = File.Exists(path)
            ? ConfigJson.Load(path)
            : throw new RefusedException($"{folder} has no config.json; a Dense module has one");
        var named = config.Text("activation_function") ?? "torch.nn.modules.activation.Tanh";
        var known = Array.FindIndex(Functions, function => named.Split('.')[^1] == function.Class);
        config.RefuseUnless("module_input_name", Vector);
        config.RefuseUnless("module_output_name", Vector);
        return known < 0
            ? throw new RefusedException($"{path}: activation_function is '{named}'; there are "
                + string.Join(", ", Functions.Select(function => function.Class)))
            : new SentenceLayer(
                folder,
                config.Size("in_features"),
                config.Size("out_features"),
                config.Flag("bias", true),
                Functions[known].Activation)
            {
                HasResidual = config.Flag("use_residual", false),
            };
    }
}
