using Stip.Onnx.Model;
using Stip.Onnx.Protection.Caches;
using Stip.Onnx.Symmetry.Ports;

namespace Stip.Onnx.Protection.Cut;

/// <summary>A graph in two: what the client computes, and what the server does with it.</summary>
/// <param name="Client">The client's graph; null where the graph takes features already.</param>
/// <param name="Cloud">The server's graph.</param>
/// <param name="Sent">Values that the client sends: outputs of the one, inputs of the other.</param>
/// <param name="Features">Those of them that are features.</param>
internal sealed record ClientCut(
    GraphProto? Client, GraphProto Cloud, IReadOnlyList<string> Sent, IReadOnlyList<string> Features)
{
    /// <summary>Inputs of the server that cross as they are: the user's, which only their names show to be masks,
    /// positions or lengths, and what the client counts or compares.</summary>
    public IReadOnlyList<string> Open { get; init; } = [];

    /// <summary>Inputs of the server that are taken for features of another graph though nothing says so.</summary>
    public IReadOnlyList<string> Taken { get; init; } = [];

    /// <summary>Finds the cut of a graph and names what crosses it.</summary>
    /// <param name="graph">The graph; shapes of ids are read off what is sent instead.</param>
    /// <param name="shapesHaveEnds">True from opset 15 on, where Shape can leave axes out.</param>
    /// <param name="uses">What masks, positions and lengths among its inputs are; null to find it here.</param>
    /// <exception cref="RefusedException">The user's input cannot be kept from the server.</exception>
    public static ClientCut Find(GraphProto graph, bool shapesHaveEnds, PortUses? uses = null)
    {
        var constants = new Constants(graph);
        uses ??= new PortUses(graph);
        var roles = InputRoles.Find(graph, constants, uses);
        var states = new CutStates(graph, constants, roles);
        var types = new ValueTypes(graph);
        var values = new SentValues(graph, states, shapesHaveEnds);
        var sent = values.Find();
        RefuseIds(graph, roles, states, sent, types);

        string[] features = [.. sent.Where(name => states[name].IsHidden)];
        var names = SentNames.Choose(graph, sent, features);
        ValueInfoProto[] ports = [.. sent.Select(name => types.Describe(name, names[name]))];
        SentNames.Apply(graph, names);
        foreach (var read in values.Replaced.Values)
        {
            SentNames.Rename(read, names);
        }

        var pruner = new GraphPruner(graph);
        var cloud = pruner.Replacing(values.Replaced).Take(
            "server", [.. ports, .. Inputs(graph, roles, InputRole.Public, InputRole.Features)], graph.Output);
        string[] named = [.. Inputs(graph, roles, InputRole.Public)
            .Select(input => input.Name).Where(name => !uses.IsShown(name))];
        var handedOn = CarriedInputs.States(graph);
        string[] taken = [.. Inputs(graph, roles, InputRole.Features)
            .Where(input => InputRoles.AreUnnamed(input, handedOn)).Select(input => input.Name)];
        if (sent.Count == 0)
        {
            return new ClientCut(null, cloud, [], []) { Open = named, Taken = taken };
        }

        var (needed, _) = pruner.Needed([], ports.Select(port => port.Name));
        var secret = Inputs(graph, roles, InputRole.Public, InputRole.Tokens, InputRole.Signal);
        var client = pruner.Take("client", [.. secret.Where(input => needed.Contains(input.Name))], ports);
        return new ClientCut(
            client, cloud, [.. ports.Select(port => port.Name)], [.. features.Select(name => names[name])])
        {
            Open = [.. named, .. sent.Except(features).Select(name => names[name])],
            Taken = taken,
        };
    }

    private static IEnumerable<ValueInfoProto> Inputs(
        GraphProto graph, Dictionary<string, InputRole> roles, params InputRole[] wanted) =>
        graph.Input.Where(input => roles.TryGetValue(input.Name, out var role) && wanted.Contains(role));

    // Ids are still ids, and pictures pictures, until a weight has met them or they were compared or counted.
    private static void RefuseIds(
        GraphProto graph,
        Dictionary<string, InputRole> roles,
        CutStates states,
        IReadOnlyList<string> sent,
        ValueTypes types)
    {
        var raw = roles.Where(role => role.Value is InputRole.Tokens or InputRole.Signal)
            .Select(role => role.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var node in graph.Node.Where(node => RawValues.Tells(node, raw, types)))
        {
            raw.UnionWith(node.Output.Where(output => states[output] is { IsSecret: true, IsHidden: false }));
        }

        if (sent.FirstOrDefault(raw.Contains) is { } name)
        {
            throw new RefusedException(
                graph.Node.FirstOrDefault(node => OuterReads.Of(node).Contains(name)) is { } reader
                    ? $"the server would need '{name}' itself, which is what the user wants to hide "
                        + $"(operator {reader.OpType}, node '{reader.Name}')"
                    : $"the graph gives '{name}', which tells what the user wants to hide: none of it is the server's");
        }
    }
}
