using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Caches;
using Stip.Onnx.Symmetry;
using Stip.Protocol.Packages;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Cut;

/// <summary>
/// What graphs of an encoder-decoder model give each other: the encoder's states to decoders, states of a first step to
/// the next ones, and the same words out of all. Told by names, and where those say nothing by shapes.
/// </summary>
internal static class SequenceJoins
{
    private const int StatesRank = 3;

    /// <param name="graphs">The server's graphs: the encoder, then one decoder or two.</param>
    /// <param name="manifests">What is known of each of them, by its role.</param>
    /// <exception cref="RefusedException">No decoder takes what the encoder gives.</exception>
    public static IReadOnlyList<PortJoin> Find(
        IReadOnlyList<GraphPart> graphs, IReadOnlyDictionary<string, GraphManifest> manifests)
    {
        var joins = new List<PortJoin>();
        for (var to = 1; to < graphs.Count; to++)
        {
            for (var from = 0; from < to; from++)
            {
                AddStates(graphs[from], graphs[to], joins);
            }

            var rows = manifests[graphs[to].Role].NameOf(DecoderPorts.Embeds);
            if (to > 1)
            {
                AddUnnamed(graphs[1], graphs[to], manifests, joins);
            }

            AddHidden(graphs[0], graphs[to], rows, joins);
            if (to > 1 && Gives(graphs[1], graphs[1].Logits) && Gives(graphs[to], graphs[to].Logits))
            {
                joins.Add(Join(graphs[1], graphs[1].Logits, graphs[to], graphs[to].Logits));
            }
        }

        return joins.Exists(join => join.From.StartsWith(graphs[0].Key + ".", StringComparison.Ordinal)) ? joins
            : throw new RefusedException(
                $"'{graphs[1].FileName}' takes nothing that '{graphs[0].FileName}' gives "
                + $"({Names(graphs[0].Graph.Output)}): none of {Names(graphs[1].Graph.Input)} has its name or shape");
    }

    private static void AddStates(GraphPart from, GraphPart to, List<PortJoin> joins)
    {
        foreach (var (present, past) in SequenceStates.ByWords(from.Graph, to.Graph))
        {
            if (!IsJoined(joins, to, past))
            {
                joins.Add(Join(from, present, to, past));
            }
        }
    }

    // States of a first step whose names no later one shares.
    private static void AddUnnamed(
        GraphPart first, GraphPart next, IReadOnlyDictionary<string, GraphManifest> manifests, List<PortJoin> joins)
    {
        if (joins.Exists(join => join.To.StartsWith($"{next.Key}.", StringComparison.Ordinal)))
        {
            return;
        }

        var rows = (manifests[first.Role].NameOf(DecoderPorts.Embeds), manifests[next.Role].NameOf(DecoderPorts.Embeds),
            first.Logits);
        joins.AddRange(SequenceStates.ByUse(first, next, rows).Select(pair => Join(first, pair.From, next, pair.To)));
    }

    private static void AddHidden(GraphPart encoder, GraphPart decoder, string rows, List<PortJoin> joins)
    {
        var outputs = encoder.Graph.Output.Where(port => !KeptStates.IsState(port.Name)).ToArray();
        var inputs = decoder.Graph.Input.Where(port => !KeptStates.IsState(port.Name)
            && port.Name != rows && !IsJoined(joins, decoder, port.Name) && IsFloat(port)).ToArray();
        var input = inputs.FirstOrDefault(port => port.Name == GraphManifest.EncoderStates)
            ?? inputs.FirstOrDefault(port => outputs.Any(output => output.Name == port.Name))
            ?? Only(inputs.Where(port => outputs.Any(output => AreAlike(output, port))));
        if (input is null)
        {
            return;
        }

        var output = outputs.FirstOrDefault(port => port.Name == input.Name)
            ?? outputs.FirstOrDefault(port => port.Name == EncoderPorts.Hidden)
            ?? outputs.FirstOrDefault(port => AreAlike(port, input))
            ?? Only(outputs.Where(IsFloat));
        if (output is not null)
        {
            joins.Add(Join(encoder, output.Name, decoder, input.Name));
        }
    }

    // Rows of features that are as wide as each other.
    private static bool AreAlike(ValueInfoProto output, ValueInfoProto input) =>
        output.Type?.TensorType?.Shape?.Dim is { Count: StatesRank } given
        && input.Type?.TensorType?.Shape?.Dim is { Count: StatesRank } taken
        && given[^1].DimValue > 0 && given[^1].DimValue == taken[^1].DimValue;

    private static bool IsFloat(ValueInfoProto port) =>
        ElementTypes.IsFloat((DataType)(port.Type?.TensorType?.ElemType ?? 0));

    private static T? Only<T>(IEnumerable<T> found)
        where T : class => found.Take(2).ToArray() is [var only] ? only : null;

    private static bool Gives(GraphPart part, string name) => part.Graph.Output.Any(port => port.Name == name);

    private static bool IsJoined(List<PortJoin> joins, GraphPart part, string input) =>
        joins.Exists(join => join.To == $"{part.Key}.{input}");

    private static PortJoin Join(GraphPart from, string output, GraphPart to, string input) =>
        new($"{from.Key}.{output}", $"{to.Key}.{input}");

    private static string Names(IEnumerable<ValueInfoProto> ports) =>
        string.Join(", ", ports.Select(port => $"'{port.Name}'"));
}
