using Google.Protobuf;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Ports;

namespace Stip.Onnx.Protection.Cut;

/// <summary>
/// Takes what the client computes out of the branches of an If, as merged decoders have it: the rows that both branches
/// look up are looked up once, before them. What a branch computes does not change.
/// </summary>
internal sealed class BranchHoist
{
    private readonly GraphProto _graph;
    private readonly bool _shapesHaveEnds;
    private readonly PortUses _uses;
    private readonly Dictionary<string, string> _made = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names;
    private readonly HashSet<string> _inner;
    private readonly HashSet<string> _nodes;

    private BranchHoist(GraphProto graph, bool shapesHaveEnds, PortUses uses)
    {
        _uses = uses;
        _graph = graph;
        _shapesHaveEnds = shapesHaveEnds;
        _names = graph.Input.Select(input => input.Name).Concat(graph.Initializer.Select(tensor => tensor.Name))
            .Concat(graph.Node.SelectMany(node => node.Output)).ToHashSet(StringComparer.Ordinal);
        _inner = [.. _names];
        _nodes = graph.Node.Select(node => node.Name).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Changes the graph in place.</summary>
    public static void Apply(GraphProto graph, bool shapesHaveEnds, PortUses? uses = null)
    {
        var hoist = new BranchHoist(graph, shapesHaveEnds, uses ?? new PortUses(graph));
        foreach (var node in graph.Node.Where(node => node.OpType == "If").ToArray())
        {
            foreach (var branch in OuterReads.Subgraphs(node))
            {
                hoist.Clear(node, branch);
            }
        }
    }

    private void Clear(NodeProto conditional, GraphProto branch)
    {
        TellApart(branch);
        var place = _graph.Node.IndexOf(conditional);
        var whole = Inlined(branch, place);
        var constants = new Constants(whole);
        var states = new CutStates(whole, constants, InputRoles.Find(whole, constants, _uses));
        var values = new SentValues(whole, states, _shapesHaveEnds);
        var sent = values.Find();
        var (reads, nodes) = new GraphPruner(whole).Needed([], sent);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        MoveTensors(branch, reads);
        NodeProto[] hoisted = [.. branch.Node.Where(nodes.Contains)];
        NodeProto[] kept = [.. branch.Node.Where(node => !nodes.Contains(node))
            .Select(node => values.Replaced.GetValueOrDefault(node, node))];
        foreach (var node in hoisted)
        {
            Hoist(node, names, ref place);
        }

        Keep(branch, kept, names);
    }

    // Branches of one If often give their values the same names; what one of them hoists must not be made in another.
    private void TellApart(GraphProto branch)
    {
        var names = branch.Node.SelectMany(node => node.Output).Concat(branch.Initializer.Select(tensor => tensor.Name))
            .Where(name => name.Length > 0 && !_inner.Add(name)).Distinct(StringComparer.Ordinal)
            .ToDictionary(name => name, name => Free(_inner, $"{name}/{branch.Name}"), StringComparer.Ordinal);
        foreach (var node in branch.Node)
        {
            SentNames.Rename(node, names);
        }

        foreach (var tensor in branch.Initializer)
        {
            tensor.Name = names.GetValueOrDefault(tensor.Name, tensor.Name);
        }

        foreach (var output in branch.Output)
        {
            output.Name = names.GetValueOrDefault(output.Name, output.Name);
        }
    }

    // The branch as if it stood in place of the node that holds it.
    private GraphProto Inlined(GraphProto branch, int place)
    {
        var whole = new GraphProto { Name = branch.Name };
        whole.Input.Add(_graph.Input);
        whole.Output.Add(branch.Output);
        whole.Initializer.Add(_graph.Initializer);
        whole.Initializer.Add(branch.Initializer);
        whole.ValueInfo.Add(_graph.ValueInfo);
        whole.Node.Add(_graph.Node.Take(place));
        whole.Node.Add(branch.Node);
        return whole;
    }

    private void MoveTensors(GraphProto branch, HashSet<string> reads)
    {
        foreach (var tensor in branch.Initializer
            .Where(tensor => reads.Contains(tensor.Name) && _names.Add(tensor.Name))
            .ToArray())
        {
            branch.Initializer.Remove(tensor);
            _graph.Initializer.Add(tensor);
        }
    }

    private void Hoist(NodeProto node, Dictionary<string, string> names, ref int place)
    {
        SentNames.Rename(node, names);
        var outputs = node.Output.ToArray();
        node.Output.Clear();
        var key = Key(node);
        foreach (var output in outputs)
        {
            var made = $"{key}/{node.Output.Count}";
            if (!_made.TryGetValue(made, out var name))
            {
                name = Free(_names, output);
                _made.Add(made, name);
            }

            node.Output.Add(name);
            names[output] = name;
        }

        if (!_graph.Node.Any(other => other.Output.SequenceEqual(node.Output)))
        {
            node.Name = node.Name.Length == 0 ? "" : Free(_nodes, node.Name);
            _graph.Node.Insert(place++, node);
        }
    }

    // The name, or one made of it that nothing has.
    private static string Free(HashSet<string> taken, string name)
    {
        while (!taken.Add(name))
        {
            name += "_";
        }

        return name;
    }

    // Nodes that do the same to the same values are one.
    private static string Key(NodeProto node)
    {
        var bare = node.Clone();
        bare.Name = "";
        bare.DocString = "";
        bare.MetadataProps.Clear();
        return Convert.ToBase64String(bare.ToByteArray());
    }

    private static void Keep(GraphProto branch, NodeProto[] nodes, Dictionary<string, string> names)
    {
        branch.Node.Clear();
        branch.Node.Add(nodes);
        foreach (var node in nodes)
        {
            SentNames.Rename(node, names);
        }

        foreach (var output in branch.Output.Where(output => names.ContainsKey(output.Name)))
        {
            branch.Node.Add(new NodeProto
            {
                Name = $"{output.Name}/identity",
                OpType = "Identity",
                Input = { names[output.Name] },
                Output = { output.Name },
            });
        }

        var (_, needed) = new GraphPruner(branch).Needed([], branch.Output.Select(output => output.Name));
        NodeProto[] kept = [.. branch.Node.Where(needed.Contains)];
        branch.Node.Clear();
        branch.Node.Add(kept);
    }
}
