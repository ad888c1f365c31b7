using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Ports;

namespace Stip.Onnx.Protection.Cut;

/// <summary>
/// Writes out calls of functions that take what a caller gives, so that the cut may lie inside them: some exporters
/// make the whole model one function, or its embeddings one. Calls in the branches of an If are written out there.
/// Calls that take features only stay calls.
/// </summary>
internal sealed class InlinedCalls
{
    private const int PictureRank = 4;

    // Whole models of functions have some ten thousand; functions that call functions twice have no end.
    private const int MostWritten = 1 << 17;

    private readonly Dictionary<(string Domain, string Name, string Overload), FunctionProto> _functions = [];
    private readonly Dictionary<string, long> _versions;
    private readonly HashSet<string> _given;
    private readonly HashSet<string> _secret;
    private readonly HashSet<string> _names;
    private readonly HashSet<string> _nodes;
    private readonly ModelProto _model;
    private readonly List<NodeProto> _bodies = [];
    private readonly Stack<FunctionProto> _open = [];
    private Constants _constants;
    private List<NodeProto> _written = [];
    private bool _isChanged;

    private InlinedCalls(ModelProto model)
    {
        _model = model;
        _constants = new Constants(model.Graph);
        foreach (var function in model.Functions)
        {
            _functions.TryAdd((Domain(function.Domain), function.Name, function.Overload), function);
        }

        _versions = model.OpsetImport.DistinctBy(set => Domain(set.Domain))
            .ToDictionary(set => Domain(set.Domain), set => set.Version, StringComparer.Ordinal);
        _given = model.Graph.Input.Select(input => input.Name).Where(name => !_constants.Has(name))
            .ToHashSet(StringComparer.Ordinal);
        _secret = Secret(model, _given);
        _names = model.Graph.Input.Select(input => input.Name).Concat(model.Graph.Initializer.Select(one => one.Name))
            .Concat(model.Graph.Node.SelectMany(node => node.Output)).ToHashSet(StringComparer.Ordinal);
        _nodes = model.Graph.Node.Select(node => node.Name).ToHashSet(StringComparer.Ordinal);
    }

    // Ids and pictures. Masks, positions, and what other graphs or steps hand on need no layers of the client.
    private static HashSet<string> Secret(ModelProto model, HashSet<string> given)
    {
        var uses = new PortUses(model.Graph, model.Functions);
        return model.Graph.Input.Where(input => given.Contains(input.Name) && uses[input.Name] == PortUse.Unknown
            && (!ElementTypes.AreQuantities(input) || IsPicture(input))).Select(input => input.Name)
            .ToHashSet(StringComparer.Ordinal);
    }

    private static bool IsPicture(ValueInfoProto input) => input.Type?.TensorType?.Shape?.Dim.Count == PictureRank
        && !input.Name.StartsWith("past", StringComparison.Ordinal);

    /// <summary>Changes a model in place; true where a call was written out.</summary>
    /// <exception cref="RefusedException">A function calls itself.</exception>
    public static bool Apply(ModelProto model)
    {
        if (model.Functions.Count == 0)
        {
            return false;
        }

        var calls = new InlinedCalls(model);
        foreach (var node in model.Graph.Node)
        {
            calls.Take(node);
        }

        model.Graph.Node.Clear();
        model.Graph.Node.Add(calls._written);
        foreach (var (domain, version) in calls._versions)
        {
            var known = model.OpsetImport.Where(set => Domain(set.Domain) == domain).ToArray();
            foreach (var set in known)
            {
                set.Version = version;
            }

            model.OpsetImport.Add(
                known.Length > 0 ? [] : [new OperatorSetIdProto { Domain = domain, Version = version }]);
        }

        return calls._isChanged;
    }

    private void Take(NodeProto node)
    {
        var isGiven = OuterReads.Of(node).Any(_given.Contains);
        if (isGiven && _functions.TryGetValue((Domain(node.Domain), node.OpType, node.Overload), out var function)
            && Adopt(node, function))
        {
            WriteOut(node, function);
            return;
        }

        foreach (var branch in isGiven && node.OpType == "If" ? OuterReads.Subgraphs(node) : [])
        {
            Open(branch);
        }

        _written.Add(node);
        if (isGiven && !IsFirst(node))
        {
            _secret.UnionWith(OuterReads.Of(node).Any(_secret.Contains) ? node.Output : []);
            _given.UnionWith(node.Output);
        }
    }

    // What meets a matrix is features, no longer what was given.
    private bool IsFirst(NodeProto node) => node.OpType is "Shape" or "Size"
        || Lookups.IndexOf(node, _constants) is not null || node.Input.Any(_constants.HasMatrix);

    // Nothing outside of a branch reads what is made in it.
    private void Open(GraphProto branch)
    {
        var (written, constants, given, secret) = (_written, _constants, _given.ToArray(), _secret.ToArray());
        (_written, _constants) = ([], constants.Inside(branch));
        foreach (var node in branch.Node)
        {
            Take(node);
        }

        branch.Node.Clear();
        branch.Node.Add(_written);
        (_written, _constants) = (written, constants);
        _given.IntersectWith(given);
        _secret.IntersectWith(secret);
    }

    // Operators of another version may do something else here. The later of two versions serves both where all that is
    // written for the earlier means the same in it.
    private bool Adopt(NodeProto call, FunctionProto function)
    {
        foreach (var set in function.OpsetImport.Where(set =>
            _versions.TryGetValue(Domain(set.Domain), out var version) && version != set.Version))
        {
            var version = _versions[Domain(set.Domain)];
            var changed = Domain(set.Domain).Length == 0
                ? set.Version < version
                    ? OperatorVersions.FirstChanged(function.Node, set.Version, version)
                    : ChangedWhereRaised(version, set.Version)
                : function.Node.FirstOrDefault(node => node.Domain == set.Domain && !IsCall(node));
            if (changed is null)
            {
                continue;
            }

            if (!OuterReads.Of(call).Any(_secret.Contains) || !HoldsLayers(call, function))
            {
                return false;
            }

            throw new RefusedException(
                $"function '{function.Name}' of '{function.Domain}' is written for version {set.Version} of the "
                + $"operators and the graph for {version}, between which {changed.OpType} (node '{changed.Name}') "
                + "changed: what the client computes inside it cannot be cut out; export with one version");
        }

        foreach (var set in function.OpsetImport)
        {
            var known = _versions.GetValueOrDefault(Domain(set.Domain));
            // Which versions mean the same is known of the standard's operators alone.
            _versions[Domain(set.Domain)] =
                known == 0 || Domain(set.Domain).Length == 0 ? Math.Max(known, set.Version) : known;
        }

        return true;
    }

    // The graph, what was written into it, and functions that may stay calls.
    private NodeProto? ChangedWhereRaised(long from, long to) =>
        OperatorVersions.FirstChanged(_model.Graph.Node.Concat(_bodies), from, to)
        ?? _model.Functions.Select(other => (other.Node, Version: StandardVersion(other, from)))
            .Where(other => other.Version < to)
            .Select(other => OperatorVersions.FirstChanged(other.Node, other.Version, to))
            .FirstOrDefault(changed => changed is not null);

    private static long StandardVersion(FunctionProto function, long otherwise) =>
        function.OpsetImport.FirstOrDefault(set => Domain(set.Domain).Length == 0)?.Version ?? otherwise;

    // What looks rows up only may stay a call, which is the client's.
    private bool HoldsLayers(NodeProto call, FunctionProto function)
    {
        var weights = function.Input.Zip(call.Input).Where(pair => _constants.HasMatrix(pair.Second))
            .Select(pair => pair.First).ToHashSet(StringComparer.Ordinal);
        return function.Node.Any(node => PortOperators.IsProduct(node) && node.Input.Any(weights.Contains));
    }

    private bool IsCall(NodeProto node) =>
        _functions.ContainsKey((Domain(node.Domain), node.OpType, node.Overload));

    private void WriteOut(NodeProto call, FunctionProto function)
    {
        if (_open.Contains(function))
        {
            throw new RefusedException($"function '{function.Name}' of '{function.Domain}' calls itself");
        }

        _isChanged = true;
        _open.Push(function);
        var prefix = Free(_names, (call.Name.Length > 0 ? call.Name : call.OpType) + "/");
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (place, name) in function.Input.Index())
        {
            names[name] = place < call.Input.Count ? call.Input[place] : "";
        }

        var passed = new List<NodeProto>();
        foreach (var (name, output) in function.Output.Zip(call.Output).Where(pair => pair.Second.Length > 0))
        {
            if (!names.TryAdd(name, output))
            {
                passed.Add(new NodeProto { OpType = "Identity", Input = { names[name] }, Output = { output } });
            }
        }

        NodeProto[] body =
        [
            .. function.Node.Select(inner => Renamed(FunctionAttributes.Resolve(inner, call, function))), .. passed,
        ];
        _constants.Add(body);
        _bodies.AddRange(body);
        if (_bodies.Count > MostWritten)
        {
            throw new RefusedException(
                $"calls of functions write out to more than {MostWritten} nodes ('{function.Name}' of "
                + $"'{function.Domain}')");
        }

        foreach (var node in body)
        {
            node.Name = Free(_nodes, prefix + (node.Name.Length > 0 ? node.Name : node.OpType));
            Take(node);
        }

        _open.Pop();

        NodeProto Renamed(NodeProto inner)
        {
            var copy = inner.Clone();
            Rename(copy, name => name.Length == 0 ? "" : names.GetValueOrDefault(name) ?? prefix + name);
            return copy;
        }
    }

    private static void Rename(NodeProto node, Func<string, string> rename)
    {
        foreach (var list in new[] { node.Input, node.Output })
        {
            for (var i = 0; i < list.Count; i++)
            {
                list[i] = rename(list[i]);
            }
        }

        foreach (var graph in OuterReads.Subgraphs(node))
        {
            foreach (var value in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
            {
                value.Name = rename(value.Name);
            }

            foreach (var tensor in graph.Initializer)
            {
                tensor.Name = rename(tensor.Name);
            }

            foreach (var inner in graph.Node)
            {
                Rename(inner, rename);
            }
        }
    }

    // The name, or one made of it that nothing has.
    private static string Free(HashSet<string> taken, string name)
    {
        while (!taken.Add(name))
        {
            name = name.EndsWith('/') ? $"{name[..^1]}_/" : name + "_";
        }

        return name;
    }

    private static string Domain(string domain) => domain == "ai.onnx" ? "" : domain;
}
