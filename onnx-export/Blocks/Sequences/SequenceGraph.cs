using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Sequences;

/// <summary>A graph of an encoder or a decoder from token ids on, with the names that Optimum gives inputs and outputs:
/// <c>protect</c> finds the client's part in it.</summary>
internal sealed class SequenceGraph : ModelGraph
{
    /// <summary>Positions of the keys, <c>[total]</c>.</summary>
    public const string Keys = $"{Places}.keys/output";

    private const string Places = "places";

    private readonly SequenceFamily _family;
    private readonly SequenceStack _stack;
    private string _embeds = "";

    public SequenceGraph(ITensorStore tensors, TensorDtype dtype, SequenceFamily family, SequenceRole role)
        : base(role == SequenceRole.Encoder ? "encoder" : "decoder", tensors, dtype, family.Hidden)
    {
        (_family, Role) = (family, role);
        _stack = role == SequenceRole.Encoder ? family.Encoder! : family.Decoder;
        if (family.IsMasked)
        {
            var mask = Graph.AddInput(
                role == SequenceRole.Encoder ? "attention_mask" : "encoder_attention_mask",
                TensorDtype.Int64,
                "batch",
                "encoder_seq");
            PaddingBias = RowDistances.Vanishing(this, "padding", Graph.Add("Equal", "padding.is_empty", [
                Graph.Add("Unsqueeze", "padding.mask", [mask, Graph.AddConstant("padding.axes", 1, 2)]),
                Graph.AddScalarConstant("padding.none", 0)])); // [batch, 1, 1, encoder_seq]
        }
    }

    public SequenceRole Role { get; }

    /// <inheritdoc/>
    public override string Embeds => _embeds;

    /// <summary>Added to scores of the encoder's states, <c>[batch, 1, 1, encoder_seq]</c>; null for nothing.</summary>
    public string? PaddingBias { get; }

    /// <summary>Declares what goes in and makes the rows that enter the first layer.</summary>
    public string Start()
    {
        if (Role == SequenceRole.Encoder && _family.Start is { } start)
        {
            return _embeds = start(this);
        }

        var ids = Graph.AddInput(
            "input_ids", TensorDtype.Int64, "batch", Role == SequenceRole.Encoder ? "encoder_seq" : "seq");
        var table = Graph.AddWeight("words", Weights.Rows([_family.VocabSize, HiddenSize], [_family.Words], 1));
        var rows = Graph.Add("Gather", "words/Gather", [table, ids]);
        if (_family.WordScale is not 1)
        {
            rows = Graph.Add("Mul", "words/Mul", [
                rows, Graph.AddConstant("words.scale", Weights.Dtype, _family.WordScale)]);
        }

        rows = _stack.WordNorm is { } norm ? _family.Norm.Append(this, "word_norm", norm, rows) : rows;
        AppendPlaces(ids);
        if (_stack.Positions is { } positions)
        {
            var places = Graph.AddWeight("positions", Weights.Rows(positions.Shape, [positions], 1));
            rows = Graph.Add("Add", "positions/Add", [
                rows, Graph.Add("Gather", "positions/Gather", [places, $"{Places}.queries/output"])]);
        }

        return _embeds = rows;
    }

    /// <summary>Positions of the rows, <c>[seq]</c>.</summary>
    public string Queries()
    {
        const string queries = $"{Places}.queries/output";
        if (!Graph.Has(queries))
        {
            AppendPlaces(_embeds);
        }

        return queries;
    }

    /// <summary>The key's position less that of the query, int64 <c>[seq, total]</c>.</summary>
    public string Distances() => RowDistances.Append(Graph, Keys, $"{Places}.queries/output");

    /// <summary>Scores of rows that come later vanish: <c>[seq, total]</c>.</summary>
    public string CausalBias() => RowDistances.Causal(this, Distances());

    private void AppendPlaces(string ids)
    {
        var zero = Graph.AddScalarConstant($"{Places}.zero", 0);
        var one = Graph.AddScalarConstant($"{Places}.one", 1);
        var length = Length($"{Places}.length", ids, 1);
        var past = Role == SequenceRole.NextSteps ? Length($"{Places}.past", SequencePorts.Past(0, "decoder", "key"), 2)
            : null;
        var total = past is null ? length : Graph.Add("Add", $"{Places}.total", [length, past]);
        Graph.Add("Range", $"{Places}.queries", [past ?? zero, total, one]);
        Graph.Add("Range", $"{Places}.keys", [zero, total, one]);
    }

    private string Length(string name, string value, int axis) => Graph.Add("Squeeze", name, [Graph.Add(
        "Shape",
        $"{name}.shape",
        [value],
        NodeAttribute.Int("start", axis),
        NodeAttribute.Int("end", axis + 1))]);
}
