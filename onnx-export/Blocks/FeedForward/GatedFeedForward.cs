using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;

namespace Stip.Export.Blocks.FeedForward;

/// <summary>Gated feed-forward (SwiGLU and its kin): <c>down(act(gate(x)) · up(x))</c>.</summary>
/// <param name="InnerSize">Width between the projections.</param>
/// <param name="Function">Activation of the gate.</param>
/// <param name="HasBias">True where the projections have biases.</param>
internal sealed record GatedFeedForward(int InnerSize, string Function, bool HasBias = false)
{
    /// <summary>Name of the gate in the checkpoint.</summary>
    public string Gate { get; init; } = "gate_proj";

    /// <summary>Name of what is gated in the checkpoint.</summary>
    public string Up { get; init; } = "up_proj";

    /// <summary>Name of the way back in the checkpoint.</summary>
    public string Down { get; init; } = "down_proj";

    /// <summary>Name of one matrix that holds the gate's rows and then those of what is gated, null where they are
    /// apart.</summary>
    public string? Fused { get; init; }

    /// <summary>True for torch's Linear, false for GPT-2's Conv1D.</summary>
    public bool StoredOutputsFirst { get; init; } = true;

    /// <summary>A norm over what was gated, null where there is none.</summary>
    public InnerNorm? Before { get; init; }

    /// <summary>Reads the names that most families share.</summary>
    public static GatedFeedForward Read(ConfigJson config, string function = "silu") => new(
        config.Size("intermediate_size"),
        config.Text("hidden_activation", "hidden_act") ?? function,
        config.Flag("mlp_bias", false));

    /// <summary>Appends the block.</summary>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(DecoderLayer layer, string input, string part, string block = "mlp")
    {
        var (decoder, name, tensor) = (layer.Decoder, layer.Name(block), layer.Tensor(part));
        var graph = decoder.Graph;
        var gate = Inner(decoder, $"{name}.gate", input, $"{tensor}.{Gate}", $"{tensor}.{Fused}", firstRow: 0);
        var up = Inner(decoder, $"{name}.up", input, $"{tensor}.{Up}", $"{tensor}.{Fused}", firstRow: InnerSize);
        var gated = graph.Add("Mul", $"{name}/Mul", [Activation.Append(graph, Function, $"{name}.act", gate), up]);
        gated = Before?.Append(decoder, name, tensor, gated, HeadPadding.None(InnerSize)) ?? gated;
        return Project(decoder, $"{name}.down", gated, $"{tensor}.{Down}", InnerSize, decoder.HiddenSize);
    }

    private string Inner(
        DecoderGraph decoder, string name, string input, string tensor, string fused, int firstRow)
    {
        if (Fused is null)
        {
            return Project(decoder, name, input, tensor, decoder.HiddenSize, InnerSize);
        }

        var matrix = decoder.Tensors.Require($"{fused}.weight", 2 * InnerSize, decoder.HiddenSize);
        var bias = HasBias ? decoder.Tensors.Require($"{fused}.bias", 2 * InnerSize) : null;
        return Linear.FromRows(
            decoder,
            name,
            input,
            new TensorRows(matrix, firstRow, InnerSize),
            bias is null ? null : new TensorRows(bias, firstRow, InnerSize));
    }

    private string Project(
        DecoderGraph decoder, string name, string input, string tensor, int inputs, int outputs) => StoredOutputsFirst
        ? Linear.FromLinear(decoder, name, input, tensor, inputs, outputs, HasBias)
        : Linear.FromConv1D(decoder, name, input, tensor, inputs, outputs);
}
