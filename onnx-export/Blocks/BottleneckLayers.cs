using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>MobileBERT's layers (arXiv 2004.02984): narrow inside, wide between, several feed-forward parts each.
/// </summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes; the hidden size is that between layers.</param>
/// <param name="narrow">Width inside a layer.</param>
/// <param name="parts">Feed-forward parts of a layer.</param>
/// <param name="norms">True where what is called a norm is one; false where it only scales and shifts.</param>
internal sealed class BottleneckLayers(
    EncoderGraph encoder, EncoderSizes sizes, int narrow, int parts, bool norms)
{
    /// <summary>What the norms of the rows that come in, and of each layer's last feed-forward part, add to the
    /// variance, whatever config.json says.</summary>
    public const double UsualEpsilon = 1e-5;

    /// <summary>Queries and keys are made of what comes out of a bottleneck of their own (<c>shared</c>), unless
    /// attention is narrow; where neither is so, of the wide rows.</summary>
    public required bool SharesQueryAndKey { get; init; }

    /// <summary>True where queries, keys and values are made of the layer's own narrow rows.</summary>
    public required bool AttendsNarrow { get; init; }

    /// <summary>Appends one layer to wide rows <c>[batch, seq, hidden]</c>.</summary>
    public string Append(int layer, string tensors, string rows)
    {
        var (name, tensor) = ($"layers.{layer}", $"{tensors}.{layer}");
        var inside = Narrowed($"{name}.input", $"{tensor}.bottleneck.input", rows);
        if (SharesQueryAndKey && AttendsNarrow)
        {
            ForgetShared($"{tensor}.bottleneck.attention");
        }

        var asked = AttendsNarrow ? inside
            : SharesQueryAndKey ? Narrowed($"{name}.shared", $"{tensor}.bottleneck.attention", rows)
            : rows;
        var attended = Attention(
            $"{name}.attention", $"{tensor}.attention", asked, AttendsNarrow ? inside : rows);
        inside = Normed($"{name}.attention_norm", $"{tensor}.attention.output.LayerNorm", narrow, attended, inside);
        for (var part = 0; part < parts - 1; part++)
        {
            var ffn = $"{tensor}.ffn.{part}";
            inside = Normed(
                $"{name}.ffn.{part}.norm",
                $"{ffn}.output.LayerNorm",
                narrow,
                FeedForward($"{name}.ffn.{part}", ffn, inside),
                inside);
        }

        var given = Normed(
            $"{name}.mlp_norm",
            $"{tensor}.output.LayerNorm",
            narrow,
            FeedForward($"{name}.mlp", tensor, inside),
            inside,
            UsualEpsilon);
        var wide = Linear.FromLinear(
            encoder, $"{name}.wide", given, $"{tensor}.output.bottleneck.dense", narrow, sizes.Hidden, hasBias: true);
        return Normed($"{name}.norm", $"{tensor}.output.bottleneck.LayerNorm", sizes.Hidden, wide, rows);
    }

    /// <summary>Appends what stands in for a norm.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Its factors and biases.</param>
    /// <param name="width">Channels.</param>
    /// <param name="rows">What goes through it.</param>
    /// <param name="skip">Rows that are added before, null for none.</param>
    /// <param name="epsilon">What it adds to the variance where that is not what config.json says.</param>
    public string Normed(
        string name, string tensor, int width, string rows, string? skip = null, double? epsilon = null)
    {
        var (graph, channels) = (encoder.Graph, HeadPadding.None(width));
        rows = skip is null ? rows : graph.Add("Add", $"{name}.sum", [rows, skip]);
        return norms
            ? (epsilon is { } own ? Norm.Layer(own) : sizes.Norm).Append(encoder, name, tensor, rows, channels)
            : graph.Add("Add", $"{name}/Add", [
                graph.Add("Mul", $"{name}/Mul", [rows, Vector("weight")]), Vector("bias")]);

        string Vector(string part) => encoder.AddWeight($"{name}.{part}", encoder.Weights.Vector((
            encoder.Tensors.Require($"{tensor}.{part}", width), channels)));
    }

    private string Narrowed(string name, string tensor, string rows) => Normed(
        $"{name}.norm",
        $"{tensor}.LayerNorm",
        narrow,
        Linear.FromLinear(encoder, name, rows, $"{tensor}.dense", sizes.Hidden, narrow, hasBias: true));

    // Stored, and read by nothing where attention is narrow.
    private void ForgetShared(string tensor)
    {
        _ = encoder.Tensors.Require($"{tensor}.dense.weight", narrow, sizes.Hidden);
        _ = encoder.Tensors.Require($"{tensor}.dense.bias", narrow);
        _ = encoder.Tensors.Require($"{tensor}.LayerNorm.weight", narrow);
        _ = encoder.Tensors.Require($"{tensor}.LayerNorm.bias", narrow);
    }

    private string Attention(string name, string tensor, string asked, string told)
    {
        var (asking, telling) = (
            SharesQueryAndKey || AttendsNarrow ? narrow : sizes.Hidden, AttendsNarrow ? narrow : sizes.Hidden);
        List<string> inputs =
        [
            Project("query", asked, asking), Project("key", asked, asking), Project("value", told, telling), "",
            encoder.Mask!,
        ];
        var joined = encoder.Graph.AddMicrosoft(
            "MultiHeadAttention",
            name,
            inputs,
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", sizes.Heads),
            NodeAttribute.Float("scale", 1 / Math.Sqrt((double)narrow / sizes.Heads)))[0];
        return Linear.FromLinear(
            encoder, $"{name}.output", joined, $"{tensor}.output.dense", narrow, narrow, hasBias: true);

        string Project(string part, string rows, int width) => Linear.FromLinear(
            encoder, $"{name}.{part}", rows, $"{tensor}.self.{part}", width, narrow, hasBias: true);
    }

    private string FeedForward(string name, string tensor, string rows)
    {
        var wide = Linear.FromLinear(
            encoder, $"{name}.up", rows, $"{tensor}.intermediate.dense", narrow, sizes.Inner, hasBias: true);
        var active = Activation.Append(encoder.Graph, sizes.Activation, $"{name}.act", wide);
        return Linear.FromLinear(
            encoder, $"{name}.down", active, $"{tensor}.output.dense", sizes.Inner, narrow, hasBias: true);
    }
}
