using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Protection.Cut;

/// <summary>
/// Writes out calls of functions that take what a caller gives, so that the cut may lie inside them: some exporters
/// make the whole model one function, or its embeddings one. Calls that take features only stay calls.
/// </summary>
internal sealed class InlinedCalls
{
    private readonly Dictionary<(string Domain, string Name, string Overload), FunctionProto> _functions = [];
    private readonly Dictionary<string, long> _versions;
    private readonly Constants _constants;
    private readonly HashSet<string> _given;
    private readonly HashSet<string> _names;
    private readonly HashSet<string> _nodes;
    private readonly List<NodeProto> _written = [];
    private readonly Stack<FunctionProto> _open = [];
    private bool _isChanged;

    private InlinedCalls(ModelProto model)
    {
        _constants = new Constants(model.Graph);
        foreach (var function in model.Functions)
        {
            _functions.TryAdd((Domain(function.Domain), function.Name, function.Overload), function);
        }

        _versions = model.OpsetImport.DistinctBy(set => Domain(set.Domain))
            .ToDictionary(set => Domain(set.Domain), set => set.Version, StringComparer.Ordinal);
        _given = model.Graph.Input.Select(input => input.Name).Where(name => !_constants.Has(name))
            .ToHashSet(StringComparer.Ordinal);
        _names = model.Graph.Input.Select(input => input.Name).Concat(model.Graph.Initializer.Select(one => one.Name))
            .Concat(model.Graph.Node.SelectMany(node => node.Output)).ToHashSet(StringComparer.Ordinal);
        _nodes = model.Graph.Node.Select(node => node.Name).ToHashSet(StringComparer.Ordinal);
    }

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
        foreach (var (domain, version) in calls._versions.Where(set =>
            model.OpsetImport.All(known => Domain(known.Domain) != set.Key)))
        {
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = version });
        }

        return calls._isChanged;
    }

    private void Take(NodeProto node)
    {
        var isGiven = OuterReads.Of(node).Any(_given.Contains);
        if (isGiven && _functions.TryGetValue((Domain(node.Domain), node.OpType, node.Overload), out var function)
            && Adopt(function))
        {
            WriteOut(node, function);
            return;
        }

        _written.Add(node);
        if (isGiven && !IsFirst(node))
        {
            _given.UnionWith(node.Output);
        }
    }

    // What meets a matrix is features, no longer what was given.
    private bool IsFirst(NodeProto node) => node.OpType is "Shape" or "Size"
        || Lookups.IndexOf(node, _constants) is not null || node.Input.Any(_constants.HasMatrix);

    // Operators of another version would do something else here.
    private bool Adopt(FunctionProto function)
    {
        if (function.OpsetImport.Any(set =>
            _versions.TryGetValue(Domain(set.Domain), out var version) && version != set.Version))
        {
            return false;
        }

        foreach (var set in function.OpsetImport)
        {
            _versions.TryAdd(Domain(set.Domain), set.Version);
        }

        return true;
    }

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
