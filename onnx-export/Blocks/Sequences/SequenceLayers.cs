using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Sequences;

/// <summary>The layers of an encoder or a decoder, norms before or after each part.</summary>
/// <param name="graph">The graph.</param>
/// <param name="family">The model.</param>
/// <param name="stack">The layers.</param>
internal sealed class SequenceLayers(SequenceGraph graph, SequenceFamily family, SequenceStack stack)
{
    private readonly SequenceAttention _own = new(graph, family, stack.Heads)
    {
        Turns = stack.Turns is { } turns ? new SequenceTurns(graph, turns) : null,
    };

    private readonly SequenceAttention _cross = new(graph, family, stack.Heads);
    private string _rows = "";
    private ResidualStream? _stream;
    private string? _causal;

    /// <summary>Appends all layers and the last norm.</summary>
    /// <param name="rows">Rows that enter the first layer.</param>
    /// <param name="states">The encoder's states, null in the encoder and where they are cached.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(string rows, string? states)
    {
        _rows = stack.EmbeddingNorm is { } norm
            ? family.Norm.Append(graph, "embedding_norm", norm, rows)
            : rows;
        _stream = family.IsPreNorm ? new ResidualStream(graph, _rows) : null;
        _causal = graph.Role != SequenceRole.Encoder ? graph.CausalBias()
            : stack.Window is { } window ? Near(window) : graph.PaddingBias;
        for (var layer = 0; layer < stack.Count; layer++)
        {
            var (name, tensor) = ($"layers.{layer}", $"{stack.Layers}.{layer}");
            Through($"{name}.attention", $"{tensor}.{stack.Own.Norm}", given => Own(layer, name, tensor, given));
            if (stack.Cross is { } cross)
            {
                Through($"{name}.cross", $"{tensor}.{cross.Norm}", given => Cross(layer, name, tensor, given, states));
            }

            Through($"{name}.mlp", $"{tensor}.{stack.FeedForwardNorm}", given => FeedForward(name, tensor, given));
        }

        return _stream is null ? _rows
            : stack.LastNorm is { } last ? _stream.Through(family.Norm, "final_norm", last)
            : _stream.Sum("residual");
    }

    // A part reads the stream through its norm, or its sum with the stream is normed.
    private void Through(string name, string norm, Func<string, string> part)
    {
        if (_stream is not null)
        {
            _stream.Add(part(_stream.Through(family.Norm, $"{name}_norm", norm)));
            return;
        }

        _rows = family.Norm.AppendAfterSum(graph, $"{name}_norm", norm, _rows, part(_rows));
    }

    private string Own(int layer, string name, string tensor, string rows)
    {
        var attention = $"{name}.attention";
        if (stack.Farthest is { } farthest)
        {
            return new NearStates(graph, _own, stack.Own).Append(attention, tensor, rows, farthest(layer));
        }

        var (keys, values) = _own.Append(attention, tensor, stack.Own, rows);
        if (graph.Role != SequenceRole.Encoder)
        {
            (keys, values) = (Kept(layer, "key", keys), Kept(layer, "value", values));
        }

        return _own.Append(attention, tensor, stack.Own, rows, keys, values, Bias(layer));
    }

    // Scores of rows that are farther away vanish, and so do those of padding.
    private string Near(int farthest)
    {
        graph.Distances();
        var window = RowDistances.AppendWindow(graph, farthest);
        return graph.PaddingBias is { } padding ? graph.Graph.Add("Min", "near", [window, padding]) : window;
    }

    private string? Bias(int layer)
    {
        if (stack.DistanceTable?.Invoke(layer) is not { } table)
        {
            return _causal;
        }

        var name = $"bias.{table}";
        if (graph.Graph.Has($"{name}/output"))
        {
            return $"{name}/output";
        }

        var distances = stack.Distances!.Append(graph, table, graph.Distances(), $"{name}.distances");
        return _causal is null ? distances : graph.Graph.Add("Add", name, [distances, _causal]);
    }

    // Its own keys and values go on from those of earlier steps, and come out.
    private string Kept(int layer, string part, string heads)
    {
        var present = SequencePorts.Present(layer, "decoder", part);
        if (graph.Role == SequenceRole.FirstStep)
        {
            graph.Graph.Append("", "Identity", $"{present}/Identity", [heads], [present]);
        }
        else
        {
            graph.Graph.Append(
                "",
                "Concat",
                $"{present}/Concat",
                [SequencePorts.Past(layer, "decoder", part), heads],
                [present],
                NodeAttribute.Int("axis", 2));
        }

        graph.Graph.AddOutput(present, graph.Weights.Dtype, "batch", stack.Heads, "total_seq", family.HeadDim);
        return present;
    }

    private string Cross(int layer, string name, string tensor, string rows, string? states)
    {
        var (attention, names) = ($"{name}.cross", stack.Cross!);
        var (keys, values) = (
            SequencePorts.Past(layer, "encoder", "key"), SequencePorts.Past(layer, "encoder", "value"));
        if (states is not null)
        {
            (keys, values) = _cross.Append(
                attention, tensor, names, states, family.StatesProjection is null ? family.StatesWidth : null);
            foreach (var (part, heads) in new[] { ("key", keys), ("value", values) })
            {
                var present = SequencePorts.Present(layer, "encoder", part);
                graph.Graph.Append("", "Identity", $"{present}/Identity", [heads], [present]);
                graph.Graph.AddOutput(
                    present, graph.Weights.Dtype, "batch", stack.Heads, "encoder_seq", family.HeadDim);
            }
        }

        return _cross.Append(attention, tensor, names, rows, keys, values, graph.PaddingBias);
    }

    private string FeedForward(string name, string tensor, string rows)
    {
        var (function, hasBias) = (stack.Activation ?? family.Activation, family.HasInnerBiases ?? family.HasBiases);
        var wide = Project("up", stack.Up, stack.HoldsGate ? 2 * stack.Inner : stack.Inner);
        if (stack.HoldsGate)
        {
            var halves = graph.Graph.Append(
                "",
                "Split",
                $"{name}.halves",
                [wide, graph.Graph.Shared("mlp.widths", stack.Inner, stack.Inner)],
                [$"{name}.half", $"{name}.gate"],
                NodeAttribute.Int("axis", -1));
            wide = Gated(halves[0], halves[1]);
        }
        else
        {
            wide = stack.Gate is { } gate
                ? Gated(wide, Project("gate", gate, stack.Inner))
                : Activation.Append(graph.Graph, function, $"{name}.act", wide);
        }

        return Linear.FromLinear(
            graph, $"{name}.down", wide, $"{tensor}.{stack.Down}", stack.Inner, family.Hidden, hasBias);

        string Gated(string value, string gate) => graph.Graph.Add("Mul", $"{name}.gated", [
            Activation.Append(graph.Graph, function, $"{name}.act", gate), value]);

        string Project(string part, string matrix, int width) => Linear.FromLinear(
            graph, $"{name}.{part}", rows, $"{tensor}.{matrix}", family.Hidden, width, hasBias);
    }
}
