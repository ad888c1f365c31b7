using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.FeedForward;

/// <summary>A router that sends each row to the few gated feed-forwards it scores highest, and mixes what they
/// give.</summary>
/// <param name="Experts">Number of experts.</param>
/// <param name="Chosen">Experts of a row.</param>
/// <param name="InnerSize">Width inside an expert.</param>
/// <param name="Function">Activation of the gates.</param>
internal sealed record ExpertFeedForward(int Experts, int Chosen, int InnerSize, string Function)
{
    /// <summary>True where the shares of the chosen experts are made to sum to 1.</summary>
    public bool Normalizes { get; init; } = true;

    /// <summary>How scores become shares.</summary>
    public ExpertRouting Routing { get; init; } = ExpertRouting.Softmax;

    /// <summary>Name of the router in the checkpoint.</summary>
    public string Router { get; init; } = "gate";

    /// <summary>Name of all gates and what they gate where they are one tensor.</summary>
    public string StackedGateAndUp { get; init; } = "experts.gate_up_proj";

    /// <summary>Name of all ways back where they are one tensor.</summary>
    public string StackedDown { get; init; } = "experts.down_proj";

    /// <summary>True where router and experts have biases.</summary>
    public bool HasBias { get; init; }

    /// <summary>True where the one tensor of gates and what they gate has them row by row in turns.</summary>
    public bool StoresGateAndUpInTurns { get; init; }

    /// <summary>True where the one tensors have inputs before outputs.</summary>
    public bool StoresInputsFirst { get; init; }

    /// <summary>True where the matrices of all experts stand below each other in one, the ways back turned.</summary>
    public bool IsFlat { get; init; }

    /// <summary>True where a row's one expert takes the row times its share, and gives all it makes of it.</summary>
    public bool ScalesInputs { get; init; }

    /// <summary>Factor inside the sigmoid of a gate.</summary>
    public double Slope { get; init; } = 1;

    /// <summary>What is added to what is gated.</summary>
    public double UpOffset { get; init; }

    /// <summary>Gates stay below this, what they gate below it on both sides; null for no bound.</summary>
    public double? Limit { get; init; }

    /// <summary>Name of an expert's gate in the checkpoint.</summary>
    public string Gate { get; init; } = "gate_proj";

    /// <summary>Name of what is gated.</summary>
    public string Up { get; init; } = "up_proj";

    /// <summary>Name of the way back.</summary>
    public string Down { get; init; } = "down_proj";

    /// <summary>True for experts of a gate, what it gates and a way back, and nothing else.</summary>
    public bool IsPlain => !HasBias && Slope is 1 && UpOffset is 0 && Limit is null;

    /// <summary>Where Mixtral and its kin have router and experts in a layer: published checkpoints and the models of
    /// current transformers differ.</summary>
    public static string PartOf(ITensorStore tensors) =>
        tensors.Has("model.layers.0.block_sparse_moe.gate.weight") ? "block_sparse_moe" : "mlp";

    /// <summary>Appends the block.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="input">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <param name="part">Where router and experts are in the layer.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(DecoderLayer layer, string input, string part)
    {
        if (Function is not ("silu" or "swish"))
        {
            throw new RefusedException($"config.json: experts with activation '{Function}' are not supported (silu)");
        }

        Routing.RefuseUnlessFits(Experts, Chosen);
        var (decoder, name, tensor) = (layer.Decoder, layer.Name("experts"), layer.Tensor(part));
        var graph = decoder.Graph;
        var (routed, total) = Routing.Append(layer, part, Scores(decoder, $"{name}.router", input, tensor), this);
        if (ScalesInputs && total is not null)
        {
            (input, total) = (graph.Add("Mul", $"{name}.share/input", [input, total]), null);
        }

        var flat = graph.Add("Reshape", $"{name}.router/rows", [routed, graph.Shared("experts.rows", -1, Experts)]);
        var weights = new ExpertWeights(decoder, tensor, this);
        var (gates, down) = (weights.Interleaved(), weights.Stacked());
        var areBlocks = gates.StayBlocks && down.StayBlocks;
        var separate = new SeparateExperts(decoder, this);
        var mixed = !areBlocks && separate.Fit(gates, down)
            ? separate.Append(name, input, flat, gates, down)
            : Together(decoder, name, input, flat, weights, areBlocks);

        // The operator makes the shares of the chosen sum to 1: without that (normalize_routing_weights 0) it mixes by
        // the scores themselves on the CPU, which no model means.
        return total is null ? mixed : graph.Add("Mul", $"{name}.share/mixed", [mixed, total]);
    }

    // What the router gives, in the type that the choice is made in.
    private string Scores(DecoderGraph decoder, string name, string input, string tensor)
    {
        var (hidden, router) = (decoder.HiddenSize, $"{tensor}.{Router}");
        if (Routing.IsPlain(Normalizes) || decoder.Weights.Dtype == TensorDtype.Float32)
        {
            return Linear.FromLinear(decoder, name, input, router, hidden, Experts, HasBias);
        }

        var (inputs, outputs) = (HeadPadding.None(hidden), HeadPadding.None(Experts));
        var (graph, matrix) = (decoder.Graph, decoder.Tensors.Require($"{router}.weight", Experts, hidden));
        var weight = decoder.WideWeights.Matrix(new LinearPart(matrix, inputs, outputs));
        var product = graph.Add("MatMul", $"{name}/MatMul", [
            decoder.InFloat32($"{name}.wide", input), decoder.AddWeight($"{name}.weight", weight)]);
        return HasBias
            ? graph.Add("Add", $"{name}/Add", [product, decoder.AddWeight($"{name}.bias", decoder.WideWeights.Vector(
                (decoder.Tensors.Require($"{router}.bias", Experts), outputs)))])
            : product;
    }

    // All experts by one operator.
    private string Together(
        DecoderGraph decoder, string name, string input, string routed, ExpertWeights weights, bool areBlocks)
    {
        var (graph, gates, down) = (decoder.Graph, weights.Interleaved(), weights.Stacked());
        if (!areBlocks && (gates.AreBlocks || down.AreBlocks))
        {
            decoder.Widened.Add(name);
        }

        return graph.AddMicrosoft(
            areBlocks ? "QMoE" : "MoE",
            name,
            [
                input,
                routed,
                .. Add("gate_up", gates),
                HasBias ? graph.AddWeight($"{name}.gate_up.bias", weights.InterleavedBias()) : "",
                .. Add("down", down),
                .. HasBias ? [graph.AddWeight($"{name}.down.bias", weights.StackedBias())] : (string[])[],
            ],
            [$"{name}/output"],
            [.. Attributes(areBlocks)])[0];

        string[] Add(string which, ExpertRows rows) => areBlocks
            ? [
                graph.AddWeight($"{name}.{which}.weight", rows.Numbers),
                graph.AddWeight($"{name}.{which}.scales", rows.Scales),
            ]
            : [graph.AddWeight($"{name}.{which}.weight", rows.Widened(decoder.Weights))];
    }

    private IEnumerable<AttributeProto> Attributes(bool areBlocks)
    {
        if (areBlocks)
        {
            yield return NodeAttribute.Int("expert_weight_bits", 4);
            yield return NodeAttribute.Int("block_size", IFourBitRows.BlockLength);
        }

        yield return NodeAttribute.Int("k", Chosen);
        yield return NodeAttribute.String("activation_type", "swiglu");
        yield return NodeAttribute.Int("swiglu_fusion", 1);
        yield return NodeAttribute.Float("activation_alpha", Slope);
        yield return NodeAttribute.Float("activation_beta", UpOffset);
        yield return NodeAttribute.Int("normalize_routing_weights", 1);
        if (Limit is { } limit)
        {
            yield return NodeAttribute.Float("swiglu_limit", limit);
        }
    }
}
